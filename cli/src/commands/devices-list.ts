import { defineCommand, exitCodes } from '@moltbot/contract'
import { table } from '../table.ts'
import { agoWords } from '../time-words.ts'
import { asFields, asList, asNumber, asText, asTexts } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'

export const devicesList = defineCommand({
  name: 'devices list',
  summary: 'Apps and computers that may connect, and those that ask to',
  topic: 'people',
  groupDefault: true,
  args: {},
  flags: {},
  json: '{pending, paired}',
  async run(_, { gateway, report, clock, terminal }) {
    const client = await gateway()
    const answer = asFields(await client.request('device.pair.list'))
    report(answer, () => {
      const { bold, dim } = terminal.paint
      const now = clock.now()
      const pending = asList(answer['pending'])
      const paired = asList(answer['paired'])
      return [
        ...(pending.length === 0 ? [] : [bold('Asking'), ...table(['Request', 'Device', 'From', 'Wants', 'Asked'], pending.map((row) => [
          asText(row['requestId']) ?? '?', deviceName(row), asText(row['remoteIp']) ?? 'this computer', asTexts(row['scopes']).join(' ') || (asText(row['role']) ?? ''), agoWords(asNumber(row['ts']), now),
        ]), terminal.columns(), dim), 'Admit one with: moltbot devices approve <request>', '']),
        ...(paired.length === 0 ? ['No devices are paired. Clients with the gateway token need no pairing.'] : [bold('Paired'), ...table(['Device', 'Id', 'Role', 'Since'], paired.map((row) => [
          deviceName(row), (asText(row['deviceId']) ?? '?').slice(0, 12), asText(row['role']) ?? asTexts(row['roles']).join(' '), agoWords(asNumber(row['approvedAtMs']), now),
        ]), terminal.columns(), dim)]),
      ]
    })
    return exitCodes.ok
  },
})

/** What a device calls itself; it may call itself anything. */
export function deviceName(row: Fields): string {
  return [asText(row['displayName']) ?? asText(row['clientId']) ?? asText(row['deviceId'])?.slice(0, 12) ?? '?', asText(row['platform'])].filter((part) => part !== undefined).join(', ')
}

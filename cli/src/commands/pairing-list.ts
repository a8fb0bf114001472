import { defineCommand, exitCodes } from '@moltbot/contract'
import { table } from '../table.ts'
import { agoWords, durationWords } from '../time-words.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'

export const pairingList = defineCommand({
  name: 'pairing list',
  summary: 'People who asked to talk to your assistant',
  topic: 'people',
  groupDefault: true,
  args: {
    channel: { summary: 'Only one network, like telegram' },
  },
  flags: {
    all: { kind: 'boolean', summary: 'Also those who are admitted' },
  },
  json: '{requests, paired?}',
  async run({ args, flags }, { gateway, report, clock, terminal }) {
    const client = await gateway()
    const answer = asFields(await client.request('pairing.list', args.channel === undefined ? {} : { channel: args.channel }))
    const requests = asList(answer['requests'])
    const paired = flags.all ? asList(asFields(await client.request('pairing.paired'))['paired']).filter((row) => args.channel === undefined || row['channel'] === args.channel) : undefined
    report({ requests, ...(paired === undefined ? {} : { paired }) }, () => {
      const now = clock.now()
      const { dim, bold } = terminal.paint
      const waiting = requests.length === 0 ? ['Nobody is waiting.'] : [
        ...table(['Channel', 'Code', 'Who', 'Id', 'Asked', 'Valid for'], requests.map((row) => [
          asText(row['channel']) ?? '?', asText(row['code']) ?? '?', asText(row['senderName']) ?? '', asText(row['sender']) ?? '',
          agoWords(asNumber(row['createdAt']), now), durationWords((asNumber(row['expiresAt']) ?? now) - now),
        ]), terminal.columns(), dim),
        '', 'Admit somebody with: moltbot pairing approve <channel> <code>',
      ]
      if (paired === undefined) return waiting
      return [...waiting, '', bold('Admitted'), ...(paired.length === 0 ? ['Nobody yet.'] : table(['Channel', 'Who', 'Id', 'Role', 'Since'], paired.map((row) => [
        asText(row['channel']) ?? '?', asText(row['name']) ?? '', asText(row['sender']) ?? '', asText(row['role']) ?? '', agoWords(asNumber(row['since']), now),
      ]), terminal.columns(), dim))]
    })
    return exitCodes.ok
  },
})

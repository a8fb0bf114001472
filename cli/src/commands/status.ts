import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import type { GatewayClient } from '@moltbot/contract'
import { channelLines } from '../channel-lines.ts'
import { printableLine } from '../printable.ts'
import { table } from '../table.ts'
import { agoWords, durationWords } from '../time-words.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'
import { complaintsOf } from './health.ts'

export const status = defineCommand({
  name: 'status',
  summary: 'Everything at a glance: gateway, model, channels, conversations',
  topic: 'look',
  args: {},
  flags: {
    deep: { kind: 'boolean', summary: 'Also make a round trip with every connected network and list who is connected' },
  },
  json: '{gateway, halt, health, channels, model, pairing, sessions, presence?}',
  async run({ flags }, { gateway, report, clock, terminal, machine }) {
    const client = await gateway()
    const { deep } = flags
    const [health, channels, model, pairing, sessions, presence, halt] = await Promise.all([
      client.request('health', {}, { timeoutMs: 20_000 }).then(asFields),
      client.request('channels.status', deep ? { probe: true } : {}, { timeoutMs: 20_000 }).then(asFields),
      ifKnown(client, 'models.status').then(asFields),
      ifKnown(client, 'pairing.list').then(asFields),
      client.request('sessions.list', { limit: 5, includeDerivedTitles: true }).then(asFields),
      deep ? client.request('system-presence').then(asList) : undefined,
      ifKnown(client, 'status').then((answer) => asFields(asFields(answer)['halt'])),
    ])
    const uptimeMs = asNumber(asFields(client.hello['snapshot'])['uptimeMs']) ?? null
    const facts = { url: client.url, version: client.serverVersion, protocol: client.protocol, uptimeMs, stateDir: machine.stateDir }
    report({ gateway: facts, halt, health, channels, model, pairing, sessions, ...(presence === undefined ? {} : { presence }) }, () => {
      const { bold, dim, green, red, yellow } = terminal.paint
      const waiting = asList(pairing['requests'])
      const now = clock.now()
      const complaints = complaintsOf(health)
      const rows = asList(sessions['sessions']).slice(0, 5)
      return [
        `${bold('Gateway')}   ${green('●')} ${client.url}, version ${client.serverVersion}${uptimeMs === null ? '' : `, up ${durationWords(uptimeMs)}`}`,
        ...haltLines(halt, now).map((line) => yellow(line)),
        `${bold('Model')}     ${printableLine(asText(model['primary']) ?? 'unknown')}${asText(model['why']) === undefined ? '' : dim(` — ${printableLine(asText(model['why']) ?? '')}`)}`,
        `${bold('Messages')}  ${messageWords(health)}`,
        ...complaints.map((complaint) => yellow(`          ${complaint}`)),
        ...securityLines(health, now).map((line) => `${bold('Security')}  ${critical(health) > 0 ? red(line) : line}`),
        '',
        bold('Channels'),
        ...channelLines(channels, now, terminal.paint).map((line) => `  ${line}`),
        ...(waiting.length === 0 ? [] : ['', yellow(`${waiting.length} ${waiting.length === 1 ? 'person asks' : 'people ask'} to talk to your assistant. See: moltbot pairing list`)]),
        ...(rows.length === 0 ? [] : ['', bold('Latest conversations'), ...table(['Session', 'About', 'Last words'], rows.map((row) => sessionCells(row, now)), terminal.columns() - 2, dim).map((line) => `  ${line}`)]),
        ...(presence === undefined ? [] : ['', bold('Connected'), ...presence.map((entry) => `  ${printableLine(asText(entry['text']) ?? [asText(entry['host']), asText(entry['mode'])].join(' '))}`)]),
      ]
    })
    return exitCodes.ok
  },
})

/** The cells of one session in a list: key, what it is about, when it was last used. */
export function sessionCells(row: Fields, now: number): string[] {
  return [asText(row['key']) ?? '?', asText(row['label']) ?? asText(row['derivedTitle']) ?? asText(row['displayName']) ?? '', agoWords(asNumber(row['updatedAt']), now)]
}

/** Nothing while it works. */
function haltLines(halt: Fields, now: number): string[] {
  if (halt['kind'] !== 'paused' && halt['kind'] !== 'panic') return []
  const since = agoWords(asNumber(halt['since']), now)
  if (halt['kind'] === 'paused') return [`          Paused ${since}: messages are kept and answered after: moltbot resume`]
  return [`          Stopped by a panic ${since}: nothing runs before: moltbot resume`, `          What was found: ${printableLine(asText(halt['incident']) ?? '')}`]
}

function messageWords(health: Fields): string {
  const inbox = asFields(health['inbox'])
  const outbox = asFields(health['outbox'])
  const count = (fields: Fields, name: string): number => asNumber(fields[name]) ?? 0
  const ambiguous = count(outbox, 'ambiguous')
  return `${count(inbox, 'total')} accepted, ${count(inbox, 'open')} in progress, ${count(outbox, 'waiting')} replies on their way${ambiguous > 0 ? `, ${ambiguous} uncertain` : ''}`
}

function critical(health: Fields): number {
  return asNumber(asFields(health['security'])['critical']) ?? 0
}

/** What the review found last; nothing while none was made. */
function securityLines(health: Fields, now: number): string[] {
  const security = asFields(health['security'])
  const takenAt = asNumber(security['takenAt'])
  if (takenAt === undefined) return []
  const count = (name: string): number => asNumber(security[name]) ?? 0
  const found = (['critical', 'warn'] as const).filter((name) => count(name) > 0).map((name) => `${count(name)} ${name === 'warn' ? (count(name) === 1 ? 'warning' : 'warnings') : 'critical'}`)
  return [`${found.length === 0 ? 'nothing to mend' : found.join(', ')}, looked at ${agoWords(takenAt, now)}${found.length === 0 ? '' : '. See: moltbot security audit'}`]
}

/** {} where an older gateway has no such method. */
async function ifKnown(client: GatewayClient, method: string): Promise<unknown> {
  try {
    return await client.request(method)
  } catch (error) {
    if (error instanceof Problem && error.code === 'gateway-too-old') return {}
    throw error
  }
}

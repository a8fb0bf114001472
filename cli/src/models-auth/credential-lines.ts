import type { CommandContext } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { table } from '../table.ts'
import { agoWords, durationWords } from '../time-words.ts'
import { asFields, asList, asNumber, asText, asTexts } from '../wire-fields.ts'

export interface ShownCredential { name: string; kind: string; from: string; account: string | undefined; expiresAt: number | undefined; renews: boolean; lastUsedAt: number | undefined; state: string; reason: string | undefined; next: string | undefined }
export interface ShownProvider { provider: string; ways: string[]; credentials: ShownCredential[] }

/** What `models.authStatus` answers; `provider`: only that one. */
export function credentialsFrom(answer: unknown, provider: string | undefined): ShownProvider[] {
  return asList(asFields(answer)['providers']).filter((each) => provider === undefined || each['provider'] === provider).map((each) => ({
    provider: asText(each['provider']) ?? '?', ways: asTexts(each['ways']),
    credentials: asList(each['profiles']).map((row) => ({
      name: asText(row['profile']) ?? '?', kind: asText(row['kind']) ?? '', from: asText(row['from']) ?? '', account: asText(row['account']), expiresAt: asNumber(row['expiresAtMs']), renews: row['renews'] === true,
      lastUsedAt: asNumber(row['lastUsedAtMs']), state: asText(row['state']) ?? '', reason: asText(row['reason']), next: asText(row['next']),
    })),
  }))
}

/** The list for a person. */
export function credentialLines(shown: readonly ShownProvider[], now: number, terminal: CommandContext['terminal']): string[] {
  const { dim, green, yellow } = terminal.paint
  const all = shown.flatMap(({ credentials }) => credentials)
  const without = shown.filter(({ ways, credentials }) => ways.length > 0 && credentials.every(({ kind }) => kind !== 'oauth'))
  const rows = all.map((each) => [each.state === 'ready' ? '●' : each.state === 'needs-you' ? '!' : ' ', each.name, kindWords(each), endWords(each, now), each.lastUsedAt === undefined ? '' : agoWords(each.lastUsedAt, now), each.account ?? ''])
  return [
    ...(rows.length === 0 ? ['No credentials.'] : table([' ', 'Credential', 'Kind', 'Ends', 'Used', 'Account'], rows, terminal.columns(), dim).map((line) => line.replace(/^●/, green('●')).replace(/^!/, yellow('!')))),
    ...all.filter(({ state }) => state === 'needs-you').flatMap(({ name, reason, next }) => ['', yellow(`${printableLine(name)} needs you: ${printableLine(reason ?? '')}`), ...(next === undefined ? [] : [`  ${printableLine(next)}`])]),
    ...(without.length === 0 ? [] : ['', dim(`You can sign in with: ${without.map(({ provider }) => printableLine(provider)).join(', ')} (moltbot models auth login --provider …)`)]),
  ]
}

function kindWords({ kind, from, state }: ShownCredential): string {
  const what = kind === 'oauth' ? 'sign-in' : kind === 'token' ? 'token' : 'key'
  return `${what}${from === 'vault' ? '' : from === 'config' ? ' (configuration)' : ' (environment)'}${state === 'left-out' ? ', not used' : ''}`
}

function endWords({ expiresAt, renews }: ShownCredential, now: number): string {
  if (renews) return 'renewed by itself'
  return expiresAt === undefined ? '' : expiresAt <= now ? 'over' : `in ${durationWords(expiresAt - now)}`
}

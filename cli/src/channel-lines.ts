import type { Paint } from '@moltbot/contract'
import { printableLine } from './printable.ts'
import { agoWords } from './time-words.ts'
import { asFields, asList, asNumber, asText } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'

/** One line per account of `channels.status`, with what to do beneath where something is wrong. */
export function channelLines(status: Fields, now: number, paint: Paint, why = false): string[] {
  const labels = asFields(status['channelLabels'])
  const accounts = asFields(status['channelAccounts'])
  const order = Array.isArray(status['channelOrder']) ? status['channelOrder'].map(String) : Object.keys(accounts)
  const lines = order.flatMap((id) => asList(accounts[id]).flatMap((account) => accountLines(asText(labels[id]) ?? id, account, now, paint, why)))
  return lines.length > 0 ? lines : ['No channels.']
}

function accountLines(label: string, account: Fields, now: number, paint: Paint, why: boolean): string[] {
  const id = asText(account['accountId'])
  const name = `${printableLine(label)}${id === undefined || id === 'default' ? '' : ` (${printableLine(id)})`}`
  const { mark, words } = stateOf(account, paint)
  const probe = account['probe'] === undefined ? undefined : asFields(account['probe'])
  const detail = asText(account['detail']) ?? asText(account['lastError'])
  const heard = asNumber(account['lastInboundAt'])
  const facts = [words, ...(heard === undefined ? [] : [`last message ${agoWords(heard, now)}`])]
  return [
    `${mark} ${name}: ${facts.join(', ')}`,
    ...(detail === undefined ? [] : [`    ${printableLine(detail)}`]),
    ...(probe === undefined ? [] : [`    probe: ${probe['ok'] === true ? paint.green('ok') : paint.red('failed')}${probeWords(probe)}`]),
    ...(why ? whyWords(account, now).map((line) => `    ${line}`) : []),
  ]
}

/** What the state is known from. */
function whyWords(account: Fields, now: number): string[] {
  const [proven, sent, attempts] = [asNumber(account['lastConnectedAt']), asNumber(account['lastOutboundAt']), asNumber(account['reconnectAttempts']) ?? 0]
  const failed = asText(account['lastError'])
  return [
    proven === undefined ? 'no connection since the gateway started' : `last connected ${agoWords(proven, now)}`,
    ...(sent === undefined ? [] : [`last sent ${agoWords(sent, now)}`]),
    ...(attempts === 0 ? [] : [`${attempts} attempts since then`]),
    ...(failed === undefined ? [] : [`last error: ${printableLine(failed)}`]),
  ]
}

function probeWords(probe: Fields): string {
  const text = asText(probe['text']) ?? asText(probe['error'])
  const elapsed = asNumber(probe['elapsedMs'])
  return `${text === undefined ? '' : `, ${printableLine(text)}`}${elapsed === undefined ? '' : ` (${elapsed} ms)`}`
}

function stateOf(account: Fields, paint: Paint): { mark: string; words: string } {
  const state = asText(account['state'])
  if (account['enabled'] === false || state === 'off') return { mark: paint.dim('○'), words: 'off' }
  if (account['configured'] === false) return { mark: paint.dim('○'), words: 'not set up' }
  if (state === 'needs-you') return { mark: paint.red('●'), words: 'needs you' }
  if (state === 'throttled') return { mark: paint.yellow('●'), words: 'connected, slowed down by the network' }
  if (account['connected'] === true) return { mark: paint.green('●'), words: 'connected' }
  if (state === 'retrying') return { mark: paint.yellow('●'), words: 'not connected, trying again' }
  return { mark: paint.yellow('●'), words: state === undefined ? 'not connected' : printableLine(state) }
}

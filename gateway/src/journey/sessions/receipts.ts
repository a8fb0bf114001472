import { ownConversation, shellSteps, unreachable, type Effect, type IncomingMessage, type ToolCallId } from '@moltbot/contract'
import type { CallOutcome, ToolCallRow } from './tool-call.ts'

/** What one call did, or was to do, beyond looking. */
export interface CallReceipt {
  callId: ToolCallId
  tool: string
  /** What it was told to do, where the tool does several things. */
  action: string | null
  effects: Effect[]
  outcome: CallOutcome
  /** In a few words; null: there is nothing to say. */
  why: string | null
}

/** Effects after which something is different from before. Looking at things and fetching pages are none. */
function acts(effect: Effect): boolean {
  switch (effect.kind) {
    case 'reads-private': case 'reads-untrusted': case 'reaches-host': return false
    case 'writes-workspace': case 'writes-outside': case 'runs-code': case 'sends': case 'spends': case 'changes-gateway': case 'uses-device': return true
    default: return unreachable(effect)
  }
}

/** What a journal says was done and not done, in the order it was asked for. Calls that only looked are left out. */
export function receiptsOf(calls: readonly ToolCallRow[]): CallReceipt[] {
  return calls.flatMap((call): CallReceipt[] => {
    const effects = (call.effects ?? []).filter(acts)
    // Nobody knows what was meant by a call that could not be understood: it counts as an act that was not done.
    if (effects.length === 0 && call.effects !== null) return []
    if (call.effects === null && call.outcome === null) return []
    const { action } = call.input
    return [{ callId: call.callId, tool: call.name, action: typeof action === 'string' && /^[a-z_]{1,30}$/.test(action) ? action : null, effects, outcome: call.outcome ?? 'unknown', why: call.why }]
  })
}

/** What a message says of something begun earlier that has ended; nothing for the words of people. */
export function receiptOf({ id, follows }: IncomingMessage): CallReceipt[] {
  return follows === undefined ? [] : [{ callId: id as string as ToolCallId, tool: 'run', action: null, effects: [follows.effect], outcome: follows.outcome, why: follows.why }]
}

/** What was asked for and did not come about: of the same act only its last attempt, and nothing that was done after all. */
export function undoneOf(receipts: readonly CallReceipt[]): CallReceipt[] {
  return receipts.filter((receipt, at) => {
    if (receipt.outcome === 'done' || receipt.outcome === 'going') return false
    const later = receipts.slice(at + 1)
    const wanted = keysOf(receipt, 'wanted')
    if (wanted.length === 0) return !later.some(({ outcome, tool }) => outcome === 'done' || outcome === 'going' || tool === receipt.tool)
    const reached = new Set(later.flatMap((each) => keysOf(each, 'reached')))
    return !wanted.every((key) => reached.has(key))
  })
}

/** By which an act is known again. `wanted`: of a line of several steps the last one, which needed the others. `reached`: all of them, and a later attempt at it speaks for an earlier one, however it ended. */
function keysOf({ effects, action }: CallReceipt, as: 'wanted' | 'reached'): string[] {
  const kind = effects[0]?.kind
  return effects.filter((effect) => effect.kind === kind).flatMap((effect) => {
    if (effect.kind !== 'runs-code') return [JSON.stringify([effect.kind, action, plainTarget(effect)])]
    const steps = shellSteps(effect.what).map(({ program, operand }) => JSON.stringify([effect.kind, program, operand]))
    return as === 'reached' ? [JSON.stringify([effect.kind, effect.what]), ...steps] : [steps.at(-1) ?? JSON.stringify([effect.kind, effect.what])]
  })
}

function plainTarget(effect: Effect): string {
  const target = targetOf(effect)
  return effect.kind === 'writes-workspace' ? target.replace(/^\/workspace\//, '').replace(/^(?:\.\/)+/, '') : target
}

/** What an effect is about, as its call named it. */
function targetOf(effect: Effect): string {
  switch (effect.kind) {
    case 'reads-private': case 'reads-untrusted': case 'runs-code': case 'spends': case 'changes-gateway': case 'uses-device': return effect.what
    case 'writes-workspace': case 'writes-outside': return effect.path
    case 'reaches-host': return effect.url ?? effect.host
    case 'sends': return effect.to
    default: return unreachable(effect)
  }
}

const shownMax = 5

/**
 * What the recipient is told about it, whatever the model says; '' for nothing. `privy`: nobody but the person whose turn it was reads along;
 * others are not told what it was about.
 */
export function undoneWords(undone: readonly CallReceipt[], privy: boolean): string {
  const lines = undone.map((each) => lineOf(each, privy)).filter((line, at, all) => all.indexOf(line) === at)
  const [only, ...more] = lines
  if (only === undefined) return ''
  if (more.length === 0) return `⚠️ Not done: ${only}.`
  return ['⚠️ Not done:', ...lines.slice(0, shownMax).map((line) => `- ${line}`), ...(lines.length > shownMax ? [`- and ${lines.length - shownMax} more: \`/why\``] : [])].join('\n')
}

/**
 * What was done, as the last line of an answer, for people who want it under each: the model can write such a line, too, but never the last
 * one. Says so when nothing was. `privy` as above.
 */
export function doneWords(receipts: readonly CallReceipt[], privy: boolean): string {
  const lines = receipts.filter(({ outcome }) => outcome === 'done' || outcome === 'going').map((each) => `${nameOf(each, privy)}${each.outcome === 'going' ? ' (still going)' : ''}`).filter((line, at, all) => all.indexOf(line) === at)
  if (lines.length === 0) return receipts.some(({ outcome }) => outcome === 'unknown') ? '🧾 Nothing is known to have been done.' : '🧾 Nothing was written, run, sent or changed.'
  return `🧾 Done: ${lines.slice(0, shownMax).join('; ')}${lines.length > shownMax ? `; and ${lines.length - shownMax} more: \`/why\`` : ''}.`
}

function lineOf(receipt: CallReceipt, privy: boolean): string {
  const name = nameOf(receipt, privy)
  const why = receipt.why === null || (!privy && !/^exit \d+$/.test(receipt.why)) ? '' : ` (${shown(receipt.why, 140).replace(/\.$/, '')})`
  switch (receipt.outcome) {
    case 'refused': return `${name} was refused${why}`
    case 'unknown': return `${name} was interrupted${why}; whether it was done is not known`
    default: return `${name} failed${why}`
  }
}

/** `run \`make deploy\``: the tool and what the call was about, in characters that neither hide nor format anything. */
function nameOf({ tool, action, effects: [effect] }: CallReceipt, privy: boolean): string {
  const name = effect?.kind === 'runs-code' ? 'run' : `${shown(tool, 40, /[^\w.-]/g)}${action === null ? '' : ` ${action}`}`
  if (effect === undefined || !privy || (effect.kind === 'sends' && effect.to === ownConversation)) return name
  return `${name} \`${shown(targetOf(effect), 100, /`/g)}\``
}

/** One line in which nothing hides. `formatting`: what would be more than itself where it is put. */
function shown(text: string, max: number, formatting = /[`[\]<>*_~|]/g): string {
  const plain = text.replaceAll(/[\p{C}\p{Z}\s]+/gu, ' ').replaceAll(formatting, '\'').trim()
  return plain.length <= max ? plain : `${plain.slice(0, max - 1)}…`
}

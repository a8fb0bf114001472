/**
 * The whole route of one message: read this file first.
 *
 *   channel ─► inbox.accept ─► guard.judgeMessage ─► command at once, or sessions.enqueue ─► answerTurn ─► outbox ─► channel
 *
 * Accepting, judging and queueing are one transaction; when it is durable the channel may acknowledge. The same functions
 * continue what a crash left open (`resume`): there is no separate repair.
 */
import {
  describeError, ownerPrincipal, unreachable, type AgentEvent, type IncomingMessage, type Logger, type Principal, type Receipt, type SessionKey, type Store, type TurnId, type TurnOutcome,
  type TurnView, type Tx,
} from '@moltbot/contract'
import type { Audit } from '../foundation/audit/types.ts'
import type { ChatCommand, CommandNeeds, Parsed } from './commands/index.ts'
import type { GuardRoom } from './guard/index.ts'
import type { InboxRoom, InboxRow, PastedSecret } from './inbox/index.ts'
import type { DeliveryRow, OutboxRoom, SpokenAnswer } from './outbox/index.ts'
import type { SessionsRoom, Turn, TurnRow } from './sessions/index.ts'
import type { SignsRoom } from './signs/index.ts'

/** What the route passes through. */
export interface Journey {
  store: Store
  log: Logger
  audit: Audit
  inbox: InboxRoom
  guard: GuardRoom
  sessions: SessionsRoom
  outbox: OutboxRoom
  signs: Pick<SignsRoom, 'seen' | 'working'>
  commands: { all: readonly ChatCommand[]; parse(text: string): Parsed; needs: CommandNeeds }
  /** Seals what was pasted for who may, and records it. `sentence`: what the person is told; `renamed`: puts the names under which they are kept into a text. */
  keepSecrets(tx: Tx, row: InboxRow, principal: Principal, pasted: readonly PastedSecret[]): Promise<{ sentence: string; renamed?: (text: string) => string }>
  /** While the gateway is held: what the sender is told about it, once for each place; undefined: nothing. */
  heldNote(tx: Tx, row: InboxRow, principal: Principal): Promise<string | undefined>
  /** Nothing but commands marked so run now; why not, in words. Undefined: everything runs. */
  heldCommands(): string | undefined
  /** Does work that belongs to a message: what the record says of it names the message and its chat. */
  asPartOf<T>(row: InboxRow, work: () => Promise<T>): Promise<T>
  /** The agent's work on a turn as events; judges, journals and confines its tools. */
  runAgent(turn: Turn, view: TurnView): AsyncGenerator<AgentEvent, void, undefined>
  now(): number
  /** What is said in voice notes of those who may talk and wrote nothing that addresses us. `may` spends nothing; `listen` never rejects. */
  listening: { may(message: IncomingMessage, speaker: Principal): boolean; listen(message: IncomingMessage, speaker: Principal): Promise<IncomingMessage> }
  /** How the answer to a turn goes out: read, or heard. Never rejects, and neither does what it returns. `release` is called once the answer is written. */
  planAnswer(turn: Turn): Promise<{
    quiet: boolean
    plain(words: string): string
    speak(words: string, said: string): Promise<{ words: string; spoken?: SpokenAnswer; release(): Promise<void> }>
  }>
  /** What a turn has cost so far, in US dollars. */
  costUsd(turn: TurnId): number
}

/** A message that stood first in its conversation when this many gateways died is given up once it is this old, and its sender told. */
export const startsMax = 25
export const givenUpAfterMs = 10 * 60_000
/** Open messages taken up together at a start. */
const resumedAtOnce = 64
/** From this age on a reply says that it is late. */
const lateAfterMs = 10 * 60_000

/** Takes one message in. Resolves when it is durable; everything else happens after. */
export function handleMessage(incoming: IncomingMessage, journey: Journey): Promise<Receipt> {
  return journey.store.transaction(async (tx) => {
    const accepted = await journey.inbox.accept(tx, incoming)
    switch (accepted.kind) {
      case 'duplicate': return accepted
      case 'refused':
        await journey.audit.append(tx, { act: 'message.refused', principal: null, subject: `${incoming.chat.channel}:${incoming.sender.id}`, outcome: 'deny', reason: accepted.reason })
        return accepted
      case 'accepted':
        if (accepted.row !== undefined) {
          const { row } = accepted
          await journey.asPartOf(row, () => route(tx, row, journey, accepted.pasted))
        }
        return { kind: 'accepted', id: accepted.id }
      default: return unreachable(accepted)
    }
  })
}

/** Where an accepted message goes. Every branch a message can take is a line here. */
async function route(tx: Tx, row: InboxRow, journey: Journey, pasted: readonly PastedSecret[] = []): Promise<void> {
  const { inbox, guard, outbox } = journey
  const verdict = await guard.judgeMessage(tx, row.message)
  switch (verdict.kind) {
    case 'deny': {
      const { speaker } = verdict
      if (speaker === undefined || !journey.listening.may(row.message, speaker)) {
        await inbox.end(tx, row.id, 'denied', verdict.reason)
        return
      }
      // It has no end yet: whatever happens, it is heard out.
      tx.afterCommit(() => {
        journey.asPartOf(row, () => routeHeard(row, speaker, pasted, journey)).catch((error: unknown) => journey.log.error('A voice note could not be heard out; the next start does.', { inbox: row.id, error: describeError(error) }))
      })
      return
    }
    case 'ask':
      if (verdict.code !== undefined) await outbox.reply(tx, { inbox: row.id, chat: row.chat, principal: ownerPrincipal }, invitation(row, verdict.code), 'pairing')
      await inbox.end(tx, row.id, 'denied', verdict.code === undefined ? 'unknown sender; already asked to pair' : 'unknown sender; asked to pair')
      return
    case 'allow':
      await proceed(tx, await keepPasted(tx, row, verdict.principal, pasted, journey), verdict.principal, journey)
      return
    default: unreachable(verdict)
  }
}

/** A voice note in a group may say our name. Judged again with what was heard, it goes on like any message, or ends here. */
async function routeHeard(row: InboxRow, speaker: Principal, pasted: readonly PastedSecret[], journey: Journey): Promise<void> {
  const heard = await journey.listening.listen(row.message, speaker)
  await journey.store.transaction(async (tx) => {
    const verdict = await journey.guard.judgeMessage(tx, heard)
    if (verdict.kind === 'allow') {
      const kept = await keepPasted(tx, row, verdict.principal, pasted, journey)
      // Only who was heard to address us gets here.
      await proceed(tx, { ...kept, message: { ...kept.message, mentioned: 'yes' } }, verdict.principal, journey)
    } else await journey.inbox.end(tx, row.id, 'denied', verdict.reason)
  })
}

/** Credentials somebody wrote into the chat are kept for who may keep some, and dropped for everybody else; both are told. */
async function keepPasted(tx: Tx, row: InboxRow, principal: Principal, pasted: readonly PastedSecret[], journey: Journey): Promise<InboxRow> {
  if (pasted.length === 0) return row
  const { sentence, renamed } = await journey.keepSecrets(tx, row, principal, pasted)
  await journey.outbox.reply(tx, { inbox: row.id, chat: row.chat, principal: principal.id }, sentence, 'secret-hidden')
  return renamed === undefined ? row : journey.inbox.reword(tx, row, renamed)
}

/** An allowed message is a command, answered at once, or words for the assistant. */
async function proceed(tx: Tx, row: InboxRow, principal: Principal, journey: Journey): Promise<void> {
  const { inbox, guard, sessions, signs, commands } = journey
  let parsed: Parsed = row.message.wishes?.commands === false ? { kind: 'text', text: row.message.text } : commands.parse(row.message.text)
  // Only words that a command passed on ever get a turn: the command itself was done before the gateway stopped.
  if (parsed.kind === 'command' && row.turnId !== null) parsed = { kind: 'text', text: parsed.args }
  if (parsed.kind === 'command' && principal.role === 'guest' && !row.message.text.trimStart().startsWith('/')) parsed = { kind: 'text', text: row.message.text }
  if (parsed.kind === 'text') {
    const wishes = parsed.thinking === undefined && parsed.model === undefined ? row.message.wishes : {
      ...row.message.wishes, ...(parsed.thinking === undefined ? {} : { thinking: parsed.thinking }), ...(parsed.model === undefined ? {} : { model: parsed.model }),
    }
    const key = await sessions.enqueue(tx, { ...row, message: { ...row.message, text: parsed.text, ...(wishes === undefined ? {} : { wishes }) } }, principal)
    tx.afterCommit(() => signs.seen(row, key))
    const note = row.message.follows === undefined && row.message.job === undefined ? await journey.heldNote(tx, row, principal) : undefined
    if (note !== undefined) await journey.outbox.reply(tx, { inbox: row.id, chat: row.chat, principal: principal.id }, note, 'held')
    return
  }
  const { command, args } = parsed
  const verdict = await guard.judgeIn(tx, principal, { kind: 'command', name: command.name, ownerOnly: command.ownerOnly, chat: row.chat })
  if (verdict.kind !== 'allow') {
    await inbox.end(tx, row.id, 'denied', verdict.reason)
    return
  }
  const key = sessions.keyFor(row.message, principal)
  await inbox.assign(tx, row.id, { principal: principal.id, sessionKey: key })
  tx.afterCommit(() => {
    journey.asPartOf(row, () => runCommand(row, principal, key, command, args, journey)).catch((error: unknown) => journey.log.error('A command could not be finished.', { inbox: row.id, error: describeError(error) }))
  })
}

/** Runs a command and answers it. Words it passes on become an ordinary message. */
async function runCommand(row: InboxRow, principal: Principal, key: SessionKey, command: ChatCommand, args: string, journey: Journey): Promise<void> {
  const { store, inbox, outbox, sessions, signs, commands } = journey
  let result: string | { reply: string; pass: string }
  try {
    const held = command.whenHeld === true ? undefined : journey.heldCommands()
    result = held ?? await command.run({ args, message: row.message, inbox: row.id, principal, key, needs: commands.needs, all: commands.all })
  } catch (error) {
    result = describeError(error)
  }
  await store.transaction(async (tx) => {
    if (typeof result !== 'string' && result.pass !== '') {
      const passed = await sessions.enqueue(tx, { ...row, message: { ...row.message, text: result.pass } }, principal)
      tx.afterCommit(() => signs.seen(row, passed))
      return
    }
    const words = typeof result === 'string' ? result : result.reply
    if (words !== '') await outbox.reply(tx, { inbox: row.id, chat: row.chat, principal: principal.id }, words, 'command')
    await sessions.keepCommand(tx, key, { inbox: row.id, command: row.message.text, reply: words })
    await inbox.end(tx, row.id, 'command', `/${command.name}`)
  })
}

/** Does one turn from its first model call to its written reply. Never rejects: the lane must come free. */
export async function answerTurn(turn: Turn, journey: Journey): Promise<void> {
  const { sessions, outbox, signs, log } = journey
  const plan = await journey.planAnswer(turn)
  const preview = outbox.preview(turn, (also) => sessions.commit(turn, also), plan)
  const working = signs.working(turn)
  let outcome: TurnOutcome = { kind: 'failed', text: '', fault: { class: 'server_error', message: 'The turn ended without an outcome.' } }
  try {
    outcome = await followAgent(turn, journey, (event) => {
      preview.show(event)
      working.show(event)
    })
  } catch (error) {
    log.error('A turn broke off.', { turn: turn.id, error: describeError(error) })
    outcome = { kind: 'failed', text: turn.said.at(-1) ?? '', fault: { class: 'server_error', message: describeError(error) } }
  }
  preview.end()
  if (outcome.kind === 'aborted' && outcome.reason === 'shutdown') {
    working.end()
    sessions.leave(turn)
    return
  }
  outcome = await withUndone(turn, outcome, journey)
  const written = await wordsOf(turn, outcome, journey).catch((error: unknown) => {
    log.error('The notices around an answer could not be read; it goes out without them.', { turn: turn.id, error: describeError(error) })
    return bareWords(turn, outcome)
  })
  const { words, spoken, release } = outcome.kind === 'answered' ? await plan.speak(written, saidWords(turn, outcome)) : { words: plan.plain(written) }
  working.end()
  const isWritten = await writeAnswer(turn, outcome, { words, spoken }, journey)
  await release?.().catch((error: unknown) => log.warn('A spoken answer stays on the disk until the next start.', { turn: turn.id, error: describeError(error) }))
  if (isWritten && words === '') await outbox.withdraw(turn).catch((error: unknown) => log.warn('A preview could not be taken back.', { turn: turn.id, error: describeError(error) }))
}

/** Writes the end of a turn and its answer together. False: the messages stay open in the inbox, and the next start continues them. Nothing is lost, only late. */
async function writeAnswer(turn: Turn, outcome: TurnOutcome, { words, spoken }: { words: string; spoken: SpokenAnswer | undefined }, journey: Journey): Promise<boolean> {
  const { store, sessions, outbox, inbox, log } = journey
  for (let tries = 1; ; tries += 1) {
    try {
      await store.transaction(async (tx) => {
        await sessions.finish(tx, turn, outcome)
        const parts = words === '' ? [] : await outbox.answer(tx, turn, words, spoken)
        await sendOn(tx, turn, outcome, journey)
        if (parts.length === 0) await inbox.endTurn(tx, turn.id, outcome.kind === 'failed' ? 'failed' : 'silent', outcome.kind === 'aborted' ? `${outcome.reason}, before anything was said` : 'the assistant chose to say nothing')
      })
      return true
    } catch (error) {
      log.error('The end of a turn could not be written.', { turn: turn.id, tries, error: describeError(error) })
      if (tries < 3) continue
      sessions.leave(turn)
      return false
    }
  }
}

/** The words of the answer, without the notices that are for this conversation alone, also go where the message asked. */
async function sendOn(tx: Tx, turn: Turn, { undone }: TurnOutcome, { outbox }: Journey): Promise<void> {
  const [asked] = turn.batch
  if (asked?.wishes?.alsoTo === undefined) return
  const words = [...saidParts(turn), ...(undone === undefined ? [] : [undone.trim()])]
  await outbox.sendOn(tx, { inbox: asked.inbox, chat: asked.wishes.alsoTo, principal: turn.principal.id }, words.join('\n\n'))
}

/** What the model says it did is its own words; what was not done is the gateway's, and no answer goes out without it. Who stopped a turn is told of its calls right there. */
async function withUndone(turn: Turn, outcome: TurnOutcome, journey: Journey): Promise<TurnOutcome> {
  if (outcome.kind === 'aborted' && outcome.reason === 'stop') return outcome
  const undone = await journey.sessions.undone(turn, outcome.kind === 'silent').catch((error: unknown) => {
    journey.log.error('What a turn did could not be read; its answer says so.', { turn: turn.id, error: describeError(error) })
    return '⚠️ Whether everything was done is not known: the record could not be read.'
  })
  return undone === '' ? outcome : { ...outcome, undone }
}

/** Drives the agent and keeps what happens. A step that does not end when the turn's time is up for good is given up. */
async function followAgent(turn: Turn, journey: Journey, show: (event: AgentEvent) => void): Promise<TurnOutcome> {
  const { sessions } = journey
  const giveUp = (): TurnOutcome => turn.signal.aborted && turn.signal.reason === 'stop'
    ? { kind: 'aborted', reason: 'stop', text: '' }
    : { kind: 'failed', text: '', fault: { class: 'timeout', message: 'This took too long and was given up.' } }
  const view = await Promise.race([turn.view(), turn.cut])
  if (view === 'cut') return giveUp()
  const events = journey.runAgent(turn, view)
  for (;;) {
    const step = await Promise.race([events.next(), turn.cut])
    if (step === 'cut') {
      void events.return(undefined).catch(() => undefined)
      return giveUp()
    }
    if (step.done === true) return giveUp()
    await sessions.record(turn, step.value)
    show(step.value)
    if (step.value.type === 'turn-end') return step.value.outcome
  }
}

/** What the person reads at the end of a turn; '' for nothing. */
async function wordsOf(turn: Turn, outcome: TurnOutcome, journey: Journey): Promise<string> {
  const said = saidParts(turn)
  const withPartial = (partial: string): string[] => (partial.trim() === '' || said.includes(partial.trim()) ? said : [...said, partial.trim()])
  const undone = outcome.undone === undefined ? [] : [outcome.undone]
  const minutes = Math.max(1, Math.round((turn.deadline - turn.startedAt) / 60_000))
  switch (outcome.kind) {
    case 'silent': return undone.join('')
    case 'answered': {
      const words = [...(said.length === 0 ? [outcome.text.trim()] : said), ...undone].join('\n\n')
      return `${lateNotice(turn)}${await modelNotice(turn, journey)}${words}${await usageFooter(turn, journey)}`
    }
    case 'limit': {
      const last = said.at(-1)
      return [...(last !== undefined && outcome.text.startsWith(last) ? said.slice(0, -1) : said), outcome.text.trim(), ...undone].join('\n\n')
    }
    case 'aborted':
      if (outcome.reason === 'timeout') return [...withPartial(outcome.text), ...undone, `⚠️ I stopped: this took longer than ${minutes === 1 ? '1 minute' : `${minutes} minutes`}. Say "go on" and I continue.`].join('\n\n')
      return withPartial(outcome.text).length === 0 ? '' : [...withPartial(outcome.text), '*(stopped)*', ...undone].join('\n\n')
    case 'failed':
      return [...withPartial(outcome.text), ...undone, `⚠️ I could not finish: ${outcome.fault.message}${nextStep(outcome.fault.class)}`].join('\n\n')
    default: return unreachable(outcome)
  }
}

/** The answer without the notices around it: what can be told when nothing more can be read from the store. */
function bareWords(turn: Turn, outcome: TurnOutcome): string {
  const said = saidWords(turn, outcome)
  return [...(said === '' ? [] : [said]), ...(outcome.undone === undefined ? [] : [outcome.undone])].join('\n\n')
}

/** What the assistant said between its calls, without what is only space. */
function saidParts(turn: Turn): string[] {
  return turn.said.map((text) => text.trim()).filter((text) => text !== '')
}

/** The assistant's own words in an answer. */
function saidWords(turn: Turn, outcome: TurnOutcome): string {
  if (outcome.kind === 'silent') return ''
  const said = saidParts(turn)
  return said.length > 0 || outcome.kind !== 'answered' ? said.join('\n\n') : outcome.text.trim()
}

function nextStep(fault: Extract<TurnOutcome, { kind: 'failed' }>['fault']['class']): string {
  switch (fault) {
    case 'auth': case 'auth_permanent': return ' The owner can set a new key with `moltbot onboard`.'
    case 'billing': return ' The account of the model needs credit.'
    case 'model_not_found': return ' Choose another with `/model`.'
    case 'context_overflow': return ' `/compact` or `/new` makes room.'
    case 'rate_limit': case 'overloaded': case 'timeout': case 'network': case 'server_error': return ' Please try again in a moment.'
    default: return ''
  }
}

function lateNotice(turn: Turn): string {
  const { sentAt = turn.startedAt, job } = turn.batch[0]?.message ?? {}
  return turn.startedAt - sentAt > lateAfterMs ? `*(Late: I was away when ${job === undefined ? 'you wrote' : 'this was due'}.)*\n\n` : ''
}

/** In a private chat: that another model answers than the one that was to, once when that begins and once when it is over. */
async function modelNotice(turn: Turn, journey: Journey): Promise<string> {
  const { model, wanted } = turn
  if (turn.chat.kind !== 'direct' || model === null || wanted === null) return ''
  const before = await journey.sessions.transcript.lastAnswered(journey.store.read, turn)
  const replacedBefore = before !== undefined && before.wanted === wanted && before.model !== wanted
  if (model === wanted) return replacedBefore ? `*(${wanted} answers again.)*\n\n` : ''
  return replacedBefore && before.model === model ? '' : `*(${model} answers, because ${wanted} could not.)*\n\n`
}

async function usageFooter(turn: Turn, journey: Journey): Promise<string> {
  const { usageFooter: wish } = await journey.sessions.settings(turn.key)
  if (wish === undefined || wish === 'off') return ''
  const { input, output, cacheRead, cacheWrite } = turn.usage
  const tokens = `${input + cacheRead + cacheWrite} tokens in, ${output} out`
  return `\n\n*${wish === 'full' ? `${turn.model ?? 'unknown model'}, ${tokens}, ${cacheRead} from the cache, $${journey.costUsd(turn.id).toFixed(4)}` : tokens}*`
}

/** The last part of a reply is settled: the messages it answers get their end state in the same commit. */
export async function settleDelivery(tx: Tx, delivery: DeliveryRow, all: readonly DeliveryRow[], journey: Pick<Journey, 'inbox' | 'sessions'>): Promise<void> {
  if (delivery.turnId === null) return
  const failed = all.find((part) => part.state === 'failed')
  const turn = await journey.sessions.transcript.turn(tx, delivery.turnId)
  if (failed !== undefined) await journey.inbox.endTurn(tx, delivery.turnId, 'failed', `could not be delivered: ${failed.error ?? 'refused'}`)
  else if (turn?.outcome === 'failed') await journey.inbox.endTurn(tx, delivery.turnId, 'failed', 'told')
  else await journey.inbox.endTurn(tx, delivery.turnId, 'answered', all.some((part) => part.state === 'ambiguous' || part.resent) ? 'delivery uncertain' : undefined)
}

/**
 * Continues everything that has no end state. Called once at start, before channels connect. Each message is judged anew: who was
 * shut out meanwhile is not answered. A message that can't be continued stays for the next start and never keeps the others from it.
 */
export async function resume(journey: Journey): Promise<{ messages: number; deliveries: number }> {
  const { inbox, outbox, sessions, store, log } = journey
  journey.guard.onRevoked((who) => {
    sessions.shutOut(who).catch((error: unknown) => log.error('The work of someone who was shut out could not be ended.', { error: describeError(error) }))
  })
  const deliveries = await outbox.resume()
  const open = await inbox.open()
  const continued = new Set<string>()
  const conversations = new Set<string>()
  for (let from = 0; from < open.length; from += resumedAtOnce) {
    const rows = open.slice(from, from + resumedAtOnce)
    const turns = await Promise.all(rows.map(({ turnId }) => (turnId === null ? undefined : sessions.transcript.turn(store.read, turnId))))
    // Their transactions are asked for in the order of the rows, so that no message overtakes another, and share commits.
    await Promise.all(rows.map(async (row, at) => {
      const conversation = row.sessionKey ?? row.id
      const isFirst = !conversations.has(conversation)
      conversations.add(conversation)
      try {
        await journey.asPartOf(row, () => resumeMessage(row, turns[at], isFirst, continued, journey))
      } catch (error) {
        log.error('A message could not be taken up again.', { inbox: row.id, error: describeError(error) })
        // Counted by itself, so that one that never can is given up some day.
        await store.transaction((tx) => countStart(tx, row, isFirst, journey)).catch((again: unknown) => log.error('It could not be counted either.', { inbox: row.id, error: describeError(again) }))
      }
    }))
  }
  await takeBackOldPreviews(journey)
  return { messages: open.length, deliveries }
}

/** Asks for its transaction before it first waits for anything, unless the turn is over. */
async function resumeMessage(row: InboxRow, turn: TurnRow | undefined, isFirst: boolean, continued: Set<string>, journey: Journey): Promise<void> {
  const { inbox, guard, outbox, sessions, store } = journey
  if (turn?.state === 'done') {
    const parts = await outbox.ofTurn(turn.id)
    if (parts.every((part) => part.settledAt !== null)) await store.transaction((tx) => inbox.endTurn(tx, turn.id, parts.length === 0 ? 'silent' : 'answered'))
    return
  }
  // Further messages of a turn are in its transcript already; its first one carries it on.
  if (turn !== undefined && continued.has(turn.id)) return
  if (turn !== undefined) {
    continued.add(turn.id)
    sessions.resume(row.id, turn.id)
  }
  await store.transaction(async (tx) => {
    if (await countStart(tx, row, isFirst, journey)) return
    if (turn === undefined) return route(tx, row, journey)
    const verdict = await guard.judgeMessage(tx, row.message)
    if (verdict.kind === 'allow') return proceed(tx, row, verdict.principal, journey)
    await endLostTurn(tx, row, turn.id, 'denied', verdict.reason, journey)
  })
}

/** Counts one more start for what stood first in its conversation; true: it was given up. What waits behind another message has no part in how the gateway ended. */
async function countStart(tx: Tx, row: InboxRow, isFirst: boolean, journey: Journey): Promise<boolean> {
  const starts = isFirst ? await journey.inbox.countAttempt(tx, row.id) : 0
  if (starts <= startsMax || journey.now() - row.receivedAt <= givenUpAfterMs) return false
  await giveUp(tx, row, journey)
  return true
}

/** A preview whose turn is over shows half words nobody will complete: the gateway stopped before it could take it back. */
async function takeBackOldPreviews(journey: Journey): Promise<void> {
  for (const preview of await journey.outbox.previews()) {
    const turn = preview.turnId === null ? undefined : await journey.sessions.transcript.turn(journey.store.read, preview.turnId)
    if (preview.turnId !== null && turn?.state !== 'running') await journey.outbox.withdraw({ id: preview.turnId, chat: preview.chat })
  }
}

async function giveUp(tx: Tx, row: InboxRow, journey: Journey): Promise<void> {
  const to = { inbox: row.id, chat: row.chat, principal: row.principal ?? ownerPrincipal }
  await journey.outbox.reply(tx, to, '⚠️ I could not finish this: the gateway stopped each time I tried. Please send it again, perhaps in smaller steps.', 'given-up')
  if (row.turnId === null) await journey.inbox.end(tx, row.id, 'failed', 'given up after several starts; told')
  else await endLostTurn(tx, row, row.turnId, 'failed', 'given up after several starts; told', journey)
}

/** Ends a turn that a dead gateway had begun and that is not continued. */
async function endLostTurn(tx: Tx, row: InboxRow, id: TurnId, end: 'failed' | 'denied', reason: string, journey: Journey): Promise<void> {
  await journey.sessions.transcript.endTurn(tx, id, { outcome: 'failed', model: null, wanted: null, usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, text: '' })
  await journey.inbox.endTurn(tx, id, end, reason)
  const turn = { id, chat: row.chat }
  tx.afterCommit(() => void journey.outbox.withdraw(turn).catch((error: unknown) => journey.log.warn('A preview could not be taken back.', { turn: turn.id, error: describeError(error) })))
}

function invitation(row: InboxRow, code: string): string {
  return [
    'I do not know you yet, so I can\'t answer. If you know the owner of this assistant, give them this code:',
    '', `**${code}**`, '',
    `The owner lets you in with \`moltbot pairing approve ${row.chat.channel} ${code}\`. The code is good for one hour.`,
  ].join('\n')
}

import {
  leastTrusted, Problem, type AgentEvent, type Clock, type ConfigView, type Effect, type InboxId, type PrincipalId, type SessionId, type SessionKey, type Store,
  type ToolCallPart, type ToolResultMessage, type TurnId, type TurnOutcome, type Tx,
} from '@moltbot/contract'
import { messagesSection } from './config.ts'
import type { Feed } from './feed.ts'
import { doneWords, receiptOf, receiptsOf, undoneOf, undoneWords, type CallReceipt } from './receipts.ts'
import type { Waiting } from './lanes.ts'
import type { CallEnd } from './tool-call.ts'
import type { SessionsNeeds } from './sessions-needs.ts'
import { addUsage, type Transcript } from './transcript.ts'
import { textOf, type Turn } from './turn.ts'
import type { EntryRow } from './types.ts'
import { keptFromOf, messagesOf, userMessageOf } from './view.ts'

export type TurnRecord = ReturnType<typeof createTurnRecord>

/** What a turn writes: its entries, the journal of its calls, and its end. */
export function createTurnRecord({ store, clock, config, transcript, feed, needs }: { store: Store; clock: Clock; config: ConfigView; transcript: Transcript; feed: Feed; needs: SessionsNeeds }) {
  /** In which order entries came about, so that what a failed commit gives back returns to its place. */
  const order = new WeakMap<EntryRow['body'], number>()
  let lastOrder = 0

  /** Writes what is pending. The first write of a turn also writes the turn itself. Returns how to take it back when the commit fails. */
  async function flush(tx: Tx, turn: Turn): Promise<() => void> {
    const begins = !turn.begun
    const bodies = turn.pending.splice(0)
    for (const body of bodies) if (!order.has(body)) order.set(body, (lastOrder += 1))
    const takeBack = (): void => {
      if (begins) turn.begun = false
      const place = (body: EntryRow['body']): number => order.get(body) ?? Number.POSITIVE_INFINITY
      turn.pending = [...bodies, ...turn.pending].sort((one, other) => (place(one) === place(other) ? 0 : place(one) - place(other)))
    }
    try {
      if (begins) {
        turn.begun = true
        for (const begin of turn.onBegin) await begin(tx)
      }
      for (const body of bodies) {
        const entry = await transcript.append(tx, turn.sessionId, turn.principal.id, turn.id, body)
        tx.afterCommit(() => feed.publish({ kind: 'entry', key: turn.key, entry }))
      }
      await needs.spent(tx, turn.id)
    } catch (error) {
      takeBack()
      throw error
    }
    return takeBack
  }

  /** Makes the turn durable now, with whatever else `also` writes (a live preview, a tool's journal). */
  async function commit(turn: Turn, also: (tx: Tx) => Promise<void>): Promise<void> {
    let takeBack = (): void => undefined
    try {
      await store.transaction(async (tx) => {
        if (turn.over) throw new Problem('turn-over', 'The turn has ended.')
        takeBack = await flush(tx, turn)
        await also(tx)
      })
    } catch (error) {
      takeBack()
      throw error
    }
  }

  /** Keeps what an event says. Steps that have effects are durable before this resolves; plain words wait for the next commit. */
  async function record(turn: Turn, event: AgentEvent): Promise<void> {
    switch (event.type) {
      case 'model-start':
        turn.model = event.model
        break
      case 'assistant-end': {
        turn.usage = addUsage(turn.usage, event.usage)
        turn.contextTokens = event.usage.input + event.usage.cacheRead + event.usage.cacheWrite + event.usage.output
        const text = textOf(event)
        if (text.trim() !== '') turn.said.push(text)
        turn.pending.push({ kind: 'assistant', message: event.message, usage: event.usage, stop: event.stop })
        break
      }
      case 'tool-end':
        turn.pending.push({ kind: 'tool-result', message: event.result })
        await commit(turn, async () => undefined)
        break
      case 'steered': {
        turn.pending.push({ kind: 'user', message: event.message, inbox: event.inbox, ...(event.from === undefined ? {} : { from: event.from }), ...(event.envelopeParts === undefined ? {} : { envelopeParts: event.envelopeParts }) })
        const head = turn.batch[0]
        await commit(turn, async (tx) => {
          for (const inbox of event.inbox) {
            await needs.assign(tx, inbox, { turnId: turn.id })
            if (head !== undefined) await needs.endMessage(tx, inbox, 'merged', head.inbox)
          }
        })
        turn.messages.push(...event.inbox.map((inbox) => ({ inbox, platformId: turn.taken.find((waiting) => waiting.inbox === inbox)?.message.id ?? '' })))
        turn.taken = turn.taken.filter((waiting) => !event.inbox.includes(waiting.inbox))
        break
      }
      case 'compaction-end': {
        turn.usage = addUsage(turn.usage, event.usage)
        if (event.summary !== undefined && event.kept !== undefined) await saveSummary(turn, event.summary, event.kept)
        break
      }
      case 'notes-end':
        turn.usage = addUsage(turn.usage, event.usage)
        turn.pending.push({ kind: 'note', about: 'notes-kept', text: event.error === undefined ? 'What should last was written down, before older words are summarised.' : `What should last could not be written down before older words are summarised: ${event.error}` })
        break
      case 'failover':
        turn.pending.push({ kind: 'note', text: `${event.from} could not answer (${event.fault.message}); ${event.to} took over.` })
        break
      default:
        break
    }
    feed.publish({ kind: 'turn', turn, sessionId: turn.sessionId, event, at: clock.now() })
  }

  async function saveSummary(turn: Turn, summary: string, kept: number): Promise<void> {
    await commit(turn, async (tx) => {
      const live = await transcript.live(tx, turn.sessionId)
      const firstOfTurn = live.find((entry) => entry.turnId === turn.id)?.seq ?? Number.POSITIVE_INFINITY
      // Words the operator put in meanwhile are no part of what the loop counted.
      const counted = live.filter((entry) => entry.turnId !== null || entry.seq < firstOfTurn)
      await writeSummary(tx, turn.key, turn.sessionId, turn.principal.id, turn.id, summary, keptFromOf(counted, kept, true))
    })
  }

  /** A summary replaces everything in the prompt before `keptFrom`. */
  async function writeSummary(tx: Tx, key: SessionKey, sessionId: SessionId, principal: PrincipalId, turnId: TurnId | null, text: string, keptFrom: number): Promise<void> {
    const origin = leastTrusted(messagesOf(await transcript.live(tx, sessionId)).map((message) => (message.role === 'assistant' ? undefined : message.origin)))
    const entry = await transcript.append(tx, sessionId, principal, turnId, { kind: 'summary', text, keptFrom, ...(origin === undefined ? {} : { origin }) })
    await transcript.touch(tx, key, { compactions: 1 })
    tx.afterCommit(() => feed.publish({ kind: 'entry', key, entry }))
  }

  /**
   * Journals a call before it runs; `judge` decides in the same transaction. `about`: what it would do (absent: nobody can tell), and why it
   * was refused, asked for after `judge`.
   */
  async function startCall(turn: Turn, call: ToolCallPart, judge: (tx: Tx) => Promise<'allow' | 'ask' | 'deny'>, about: { effects?: readonly Effect[]; why?(): string; quietly?: boolean } = {}): Promise<'allow' | 'ask' | 'deny'> {
    let verdict: 'allow' | 'ask' | 'deny' = 'deny'
    await commit(turn, async (tx) => {
      verdict = await judge(tx)
      // What waits for a person has not begun: after a crash it is asked again, not reported as of unknown outcome.
      if (verdict === 'ask') return
      const journalId = await transcript.startCall(tx, { turnId: turn.id, callId: call.id, principal: turn.principal.id, name: call.name, input: call.input, effects: about.effects })
      turn.journal.set(call.id, journalId)
      if (about.quietly === true) turn.quiet.add(journalId)
      if (verdict !== 'deny') return
      const why = about.why?.()
      await transcript.finishCall(tx, turn.id, journalId, 'refused', 'refused', { outcome: 'refused', ...(why === undefined ? {} : { why }) })
    })
    return verdict
  }

  /** Journals the end of a call, together with its result in the transcript when `record` comes by. */
  function finishCall(turn: Turn, result: ToolResultMessage, end: CallEnd): Promise<void> {
    const words = result.content.map((part) => (part.type === 'text' ? part.text : `[${part.mimeType}]`)).join('\n')
    return store.transaction((tx) => transcript.finishCall(tx, turn.id, turn.journal.get(result.callId) ?? result.callId, 'finished', words.slice(0, 20_000), end))
  }

  /** What the calls of a turn did, and what they were to do and did not; calls that only looked are left out. */
  const receipts = async (turn: TurnId): Promise<CallReceipt[]> => receiptsOf(await transcript.calls(store.read, turn))

  /** Lets go of a turn because the gateway is stopping: it stays unfinished in the store and is continued at the next start. */
  function leave(turn: Turn): void {
    turn.over = true
    feed.publish({ kind: 'turn-settled', turn, outcome: { kind: 'aborted', reason: 'shutdown', text: '' }, at: clock.now() })
  }

  /** Keeps a command and its answer in the transcript of its session, for whoever reads it later. */
  async function keepCommand(tx: Tx, key: SessionKey, said: { inbox: InboxId; command: string; reply: string }): Promise<void> {
    const row = await transcript.session(tx, key)
    if (row === undefined) return
    await transcript.append(tx, row.id, row.principal, null, { kind: 'command', by: 'person', text: said.command, inbox: said.inbox })
    if (said.reply !== '') await transcript.append(tx, row.id, row.principal, null, { kind: 'command', by: 'gateway', text: said.reply, inbox: said.inbox })
  }

  /** Keeps the words of a message whose turn never began, and why, for people alone. What the gateway itself asked for is nobody's words. */
  async function keepUnbegun(tx: Tx, waiting: Waiting, reason: string): Promise<void> {
    const { key, inbox, message } = waiting
    const row = await transcript.session(tx, key)
    if (row === undefined || message.follows !== undefined || message.job !== undefined) return
    const { from } = userMessageOf([waiting], { backlog: [], overflow: [] })
    const text = [message.text, ...message.attachments.map(({ fileName, kind }) => `[${fileName ?? kind}]`)].filter((part) => part !== '').join('\n')
    const said = await transcript.append(tx, row.id, row.principal, null, { kind: 'command', by: 'person', text, inbox, ...(from === undefined ? {} : { from }) })
    const why = await transcript.append(tx, row.id, row.principal, null, { kind: 'note', text: `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.` })
    tx.afterCommit(() => {
      for (const entry of [said, why]) feed.publish({ kind: 'entry', key, entry })
    })
  }

  /** The last write of a turn, in the composer's transaction. Afterwards nothing of it can be written any more. May be called again when that transaction failed. */
  async function finish(tx: Tx, turn: Turn, outcome: TurnOutcome): Promise<void> {
    turn.takeBack?.()
    turn.takeBack = undefined
    const before = turn.pending.length
    const partial = outcome.kind === 'aborted' || outcome.kind === 'failed' ? outcome.text.trim() : ''
    if (partial !== '' && !turn.said.includes(outcome.kind === 'aborted' || outcome.kind === 'failed' ? outcome.text : '')) {
      turn.pending.push({ kind: 'assistant', message: { role: 'assistant', model: turn.model ?? 'unknown', content: [{ type: 'text', text: partial }] }, usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, stop: 'aborted' })
    }
    if (outcome.kind === 'failed') turn.pending.push({ kind: 'note', text: `This turn failed: ${outcome.fault.message}` })
    if (outcome.kind === 'aborted') turn.pending.push({ kind: 'note', text: outcome.reason === 'stop' ? 'Stopped.' : `Stopped (${outcome.reason}).` })
    if (outcome.undone !== undefined) turn.pending.push({ kind: 'note', text: outcome.undone })
    const noted = turn.pending.slice(before)
    let takeBack = (): void => undefined
    turn.takeBack = () => {
      takeBack()
      turn.pending = turn.pending.filter((body) => !noted.includes(body))
      turn.over = false
    }
    takeBack = await flush(tx, turn)
    await transcript.endTurn(tx, turn.id, { outcome: outcome.kind, model: turn.model, wanted: turn.wanted, usage: turn.usage, text: [...turn.said, ...(outcome.undone === undefined ? [] : [outcome.undone])].join('\n\n') })
    const head = turn.batch[0]
    await transcript.touch(tx, turn.key, {
      chat: turn.chat, usage: turn.usage, ...(head?.message.job === undefined ? { lastUserAt: clock.now() } : {}),
      ...(head === undefined ? {} : { title: head.message.text.replace(/\s+/g, ' ').trim().slice(0, 80) }),
      ...(turn.contextTokens === 0 ? {} : { contextTokens: turn.contextTokens }),
    })
    turn.over = true
    tx.afterCommit(() => {
      turn.takeBack = undefined
      feed.publish({ kind: 'turn-settled', turn, outcome, at: clock.now() })
      feed.publish({ kind: 'session-changed', key: turn.key, change: 'updated' })
    })
  }

  /**
   * What must be told beside the words of a turn that ends: acts that failed, were refused or broke off, and were not done by a later call; and what was done, where
   * the owner wants that under each answer. `silent`: there is no answer to say it under. '' for nothing.
   */
  async function undone(turn: Turn, silent: boolean): Promise<string> {
    // What this life journaled it knows; of a turn that another life began it asks.
    const made = turn.journal.size > 0 || turn.batch.some(({ continues }) => continues === true)
    const [before, own, privy] = [turn.batch.flatMap(({ message }) => receiptOf(message)), made ? await receipts(turn.id) : [], turn.chat.kind === 'direct']
    const undone = undoneWords(undoneOf([...before, ...own.filter(({ callId }) => !turn.quiet.has(callId))]), privy)
    const done = silent || config.get(messagesSection).receipts !== 'always' ? '' : doneWords([...before, ...own], privy)
    return [undone, done].filter((words) => words !== '').join('\n\n')
  }

  return { record, commit, startCall, finishCall, receipts, undone, finish, leave, keepCommand, keepUnbegun, writeSummary }
}

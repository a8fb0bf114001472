/**
 * Sessions: which conversation a message belongs to, one turn at a time in each, and the transcript of what was said.
 * Decides nothing about who may speak, calls no model and sends nothing.
 */
import {
  Problem, describeError, leastTrusted, type AgentEvent, type AgentId, type ChatRef, type Clock, type ConfigView, type Effect, type InboxId, type IncomingMessage, type Logger,
  type Migration, type ModelMessage, type NewId, type Principal, type PrincipalId, type SessionId, type SessionKey, type Store, type ThinkingLevel, type ToolCallPart,
  type ToolResultMessage, type TurnId, type TurnOutcome, type TurnView, type TurnWishes, type Tx,
} from '@moltbot/contract'
import { messagesSection, sessionSection } from './config.ts'
import { createFeed } from './feed.ts'
import { callsAtStop } from './calls-at-stop.ts'
import { agentOfKey, canonicalKey, keyOfChat, mainKey } from './keys.ts'
import { createLanes, type Waiting, type Work } from './lanes.ts'
import { isStale, resetRuleFor } from './reset.ts'
import { doneWords, receiptOf, receiptsOf, undoneOf, undoneWords, type CallEnd, type CallReceipt } from './receipts.ts'
import { addUsage, callReceiptsMigration, createTranscript, sessionsMigration, turnsWantedMigration } from './transcript.ts'
import { createTurnTimer, type TurnTimer } from './turn-timer.ts'
import { newTurn, textOf, type Turn } from './turn.ts'
import { closeOpenCalls, dayOf, keptFromOf, messagesOf, unansweredCalls, userMessageOf } from './view.ts'
import type { CallAtStop, EntryRow, QueueMode, RunningTurn, SessionRow, SessionSettings, SessionsDoor } from './types.ts'

export type * from './types.ts'
export type { Turn } from './turn.ts'
export type { Waiting } from './lanes.ts'
export type { TurnRow, ToolCallRow } from './transcript.ts'
export type { CallEnd, CallOutcome, CallReceipt } from './receipts.ts'
export { hungOutcome } from './turn.ts'
export { messagesSection, sessionSection } from './config.ts'
export { agentOfKey, canonicalKey, mainKey } from './keys.ts'
export const migrations: readonly Migration[] = [sessionsMigration, turnsWantedMigration, callReceiptsMigration]

/** How long a turn may still run after it was told to stop before the lane gives it up. */
export const abortGraceMs = 10_000

/** What sessions needs from other rooms, as functions handed in by `main.ts`. */
export interface SessionsNeeds {
  assign(tx: Tx, id: InboxId, facts: { principal?: PrincipalId; sessionKey?: SessionKey; turnId?: TurnId }): Promise<void>
  endMessage(tx: Tx, id: InboxId, end: 'merged' | 'silent' | 'failed', detail: string): Promise<boolean>
  backlog(chat: ChatRef, before: number, most: number): Promise<{ message: IncomingMessage }[]>
  platformIds(turn: TurnId): Promise<{ id: InboxId; message: IncomingMessage }[]>
  /** The newest message a client of this principal sent under this name, in this session where `key` is given. */
  ofClient(platformId: string, of: { principal: PrincipalId; key?: SessionKey }): Promise<{ id: InboxId; turnId: TurnId | null; end: string | null; endDetail: string | null; receivedAt: number; endedAt: number | null } | undefined>
  /** The agent that answers in a place. */
  agentFor(chat: ChatRef): AgentId
  /** Throws `Problem('agent-unknown')` for one that is not configured (any more). */
  agent(id: AgentId): { thinking: ThinkingLevel; timeoutMs: number; concurrent: number }
  /** The agent of a key that names none. */
  defaultAgent(): AgentId
  /** The system prompt as it would be built now and what it depends on, without the day. */
  prompt(agent: AgentId, principal: Principal, kind: SessionRow['kind'], chat: ChatRef | null): Promise<{ text: string; hash: string }>
  models(agent: AgentId, chosen: string | undefined): { candidates: string[]; strict: boolean; contextWindow: number; maxOutputTokens: number }
  estimateTokens(text: string): number
  principal(id: PrincipalId): Promise<Principal | undefined>
  /** Takes the words of a deleted session out of what others keep of it. */
  forget(tx: Tx, key: SessionKey, turns: readonly TurnId[]): Promise<void>
  /** Keeps what a turn's model calls cost together with what they said. */
  spent(tx: Tx, turn: TurnId): Promise<void>
  /** Tells the sender in words that their message was not taken. */
  refuse(tx: Tx, waiting: Waiting, reason: string): Promise<void>
  /** The message with what its files say; undefined: it has none. Never rejects, and ends by itself. */
  readFiles(message: IncomingMessage, principal: Principal): Promise<IncomingMessage> | undefined
  /** Does the whole turn: runs the agent, records, replies. Must not reject. */
  answer(turn: Turn): Promise<void>
  /** Summarises older history of a session. */
  compact(view: TurnView, focus: string | undefined, signal: AbortSignal): Promise<{ summary: string; kept: number; usage: import('@moltbot/contract').Usage } | { reason: string }>
}

export type SessionsRoom = ReturnType<typeof createSessions>

export function createSessions(options: { store: Store; clock: Clock; newId: NewId; log: Logger; config: ConfigView; needs: SessionsNeeds }) {
  const { store, clock, newId, log, config, needs } = options
  const transcript = createTranscript({ store, clock, newId })
  const feed = createFeed(log)
  const running = new Map<SessionKey, Turn>()
  /** The turn of each session that works, from the moment its lane starts it. */
  const turnIds = new Map<SessionKey, TurnId>()
  const compacting = new Set<SessionKey>()
  /** Turns found unfinished at start, by session, to be continued by the first work of their lane. */
  const unfinished = new Map<InboxId, TurnId>()

  /** Nothing new begins, and the time of what has begun stands still. */
  let held = false
  const timers = new Map<SessionKey, TurnTimer>()

  const lanes = createLanes({
    clock,
    held: () => held,
    concurrent: (key) => agentFacts(key).concurrent,
    limits: () => config.get(messagesSection).queue,
    start: (key, work) => startTurn(key, work),
    refuse: (_key, waiting) => {
      void refuseWaiting(waiting, 'the queue of this conversation is full').catch((error: unknown) => log.error('A full queue could not be told.', { error: describeError(error) }))
    },
  })

  /** An agent that was taken out of the configuration still has conversations: they must not stop the others. */
  function agentFacts(key: SessionKey): { timeoutMs: number; concurrent: number } {
    try {
      return needs.agent(agentOfKey(key))
    } catch {
      // Its turn fails in words when its view is built; until then any sensible limits will do.
      return { timeoutMs: 600_000, concurrent: 4 }
    }
  }

  async function refuseWaiting(waiting: Waiting, reason: string): Promise<void> {
    await store.transaction(async (tx) => {
      if (await needs.endMessage(tx, waiting.inbox, 'failed', reason)) await needs.refuse(tx, waiting, `I could not take this message: ${reason}. Please send it again in a moment.`)
    })
  }

  function modeFor(chat: ChatRef, settings: SessionSettings): QueueMode {
    const { queue } = config.get(messagesSection)
    return settings.queue ?? queue.byChannel[chat.channel] ?? queue.mode ?? (chat.kind === 'direct' ? 'steer' : 'collect')
  }

  /** The session of a message; made, and started afresh where its reset rule says so, in the same transaction. */
  async function open(tx: Tx, message: IncomingMessage, principal: Principal): Promise<SessionRow> {
    const { dmScope, identityLinks } = config.get(sessionSection)
    const chat = message.chat
    const agent = message.session === undefined ? needs.agentFor(chat) : agentOfKey(message.session)
    const key = message.session ?? keyOfChat({ chat, agent, principal, peer: message.sender.id, scope: dmScope, identityLinks })
    const { row, created } = await transcript.ensure(tx, key, { principal: principal.id, kind: chat.kind, chat })
    if (created) {
      tx.afterCommit(() => feed.publish({ kind: 'session-changed', key, change: 'created' }))
      return row
    }
    // Made by a setting before anyone spoke in it: it belongs to the place and the person of its first words.
    if (row.lastChat === null && (await transcript.adopt(tx, key, { principal: principal.id, kind: chat.kind, chat }))) return (await transcript.session(tx, key)) ?? row
    const startedAt = await transcript.startedAt(tx, key)
    if (!running.has(key) && isStale(resetRuleFor(config.get(sessionSection), chat), { startedAt, lastUserAt: row.lastUserAt }, clock.now())) {
      await transcript.restart(tx, key)
      tx.afterCommit(() => feed.publish({ kind: 'session-changed', key, change: 'reset' }))
      return (await transcript.session(tx, key)) ?? row
    }
    return row
  }

  /** Takes an allowed message into its session's queue; it is worked on after the commit. */
  async function enqueue(tx: Tx, row: { id: InboxId; message: IncomingMessage; receivedAt: number; sessionKey: SessionKey | null }, principal: Principal): Promise<SessionKey> {
    const { message } = row
    // A message that has its session already comes from before a crash: it stays there, whatever the rules say now.
    const session = (row.sessionKey === null ? undefined : await transcript.session(tx, row.sessionKey)) ?? (await open(tx, message, principal))
    await needs.assign(tx, row.id, { principal: principal.id, sessionKey: session.key })
    const waiting: Waiting = {
      inbox: row.id, message, principal, receivedAt: row.receivedAt, wishes: message.wishes,
      mode: message.wishes === undefined ? modeFor(message.chat, session.settings) : 'followup',
      ...(unfinished.has(row.id) ? { continues: true } : {}),
    }
    // A turn may begin while its message is on the way to the disk: all it does in the world waits for commits of its own.
    tx.afterWrite(() => {
      if (waiting.continues === undefined) beginReading(waiting)
      lanes.push(session.key, waiting)
    })
    return session.key
  }

  /** While a message waits for its turn its files are read already. */
  function beginReading(waiting: Waiting): void {
    const work = needs.readFiles(waiting.message, waiting.principal)
    if (work === undefined) return
    waiting.reading = work.then((message) => {
      waiting.message = message
      delete waiting.reading
    })
  }

  /** Resolves once the files of these are read, or the turn is called off. */
  async function filesRead(batch: readonly Waiting[], signal: AbortSignal): Promise<void> {
    const work = batch.flatMap(({ reading }) => reading ?? [])
    if (work.length === 0 || signal.aborted) return
    let stop = (): void => undefined
    await Promise.race([Promise.all(work), new Promise<void>((resolve) => {
      stop = resolve
      signal.addEventListener('abort', stop, { once: true })
    })])
    signal.removeEventListener('abort', stop)
  }

  function startTurn(key: SessionKey, work: Omit<Work, 'abort' | 'done'>): { abort: Work['abort']; done: Promise<void> } {
    const controller = new AbortController()
    let cut: (value: 'cut') => void = () => undefined
    const cutPromise = new Promise<'cut'>((resolve) => { cut = resolve })
    let cancelGrace = (): void => undefined
    const abort = (reason: 'stop' | 'interrupt' | 'shutdown' | 'timeout'): void => {
      if (controller.signal.aborted) return
      controller.abort(reason)
      cancelGrace = clock.after(abortGraceMs, () => cut('cut'))
    }
    const { timeoutMs } = agentFacts(key)
    const wish = work.batch[0]?.wishes?.timeoutMs
    const limitMs = wish === undefined ? timeoutMs : Math.min(wish, timeoutMs)
    const timer = createTurnTimer(clock, limitMs, () => abort('timeout'))
    if (held) timer.stop()
    timers.set(key, timer)
    const first = work.batch[0]?.inbox
    const id = (first === undefined ? undefined : unfinished.get(first)) ?? (newId('tn') as TurnId)
    turnIds.set(key, id)
    const done = runTurn(id, key, work, { signal: controller.signal, cut: cutPromise, limitMs })
      .catch((error: unknown) => log.error('A turn could not be run.', { session: key, error: describeError(error) }))
      .finally(() => {
        timer.stop()
        timers.delete(key)
        cancelGrace()
        const turn = running.get(key)
        running.delete(key)
        turnIds.delete(key)
        // Whoever waits for its end must not wait for ever.
        if (turn !== undefined && !turn.over) leave(turn)
      })
    return { abort, done }
  }

  async function runTurn(id: TurnId, key: SessionKey, work: Omit<Work, 'abort' | 'done'>, limits: { signal: AbortSignal; cut: Promise<'cut'>; limitMs: number }): Promise<void> {
    const head = work.batch[0]
    if (head === undefined) return
    const session = await transcript.session(store.read, key)
    if (session === undefined) {
      await store.transaction(async (tx) => {
        for (const waiting of [...work.batch, ...work.overflow]) await needs.endMessage(tx, waiting.inbox, 'silent', 'the session was deleted')
      })
      return
    }
    const resumed = unfinished.has(head.inbox)
    const startedAt = clock.now()
    const turn = newTurn({
      id, key, sessionId: session.id, principal: head.principal, batch: work.batch, startedAt, deadline: startedAt + limits.limitMs, signal: limits.signal, cut: limits.cut,
      view: () => buildView(turn, session, work.overflow, resumed),
      takeSteering: () => {
        // What is still being read reaches a later step, and nothing behind it overtakes it.
        const unread = work.steering.findIndex(({ reading }) => reading !== undefined)
        const now = work.steering.splice(0, unread < 0 ? work.steering.length : unread)
        if (now.length === 0) return []
        turn.taken.push(...now)
        const { message, envelopeParts, from } = userMessageOf(now, { backlog: [], overflow: [] })
        return [{ message, envelopeParts, ...(from === undefined ? {} : { from }), inbox: now.map((waiting) => waiting.inbox) }]
      },
    })
    turn.onBegin.push(async (tx) => {
      await transcript.beginTurn(tx, { id, sessionKey: key, sessionId: session.id, principal: turn.principal.id, chat: turn.chat, startedAt, deadline: turn.deadline })
      for (const waiting of [...work.batch, ...work.overflow]) await needs.assign(tx, waiting.inbox, { turnId: id })
      for (const waiting of work.overflow) await needs.endMessage(tx, waiting.inbox, 'merged', head.inbox)
    })
    running.set(key, turn)
    await needs.answer(turn)
    unfinished.delete(head.inbox)
    work.steering.unshift(...turn.taken)
  }

  async function buildView(turn: Turn, session: SessionRow, overflow: readonly Waiting[], resumed: boolean): Promise<TurnView> {
    const head = turn.batch[0]
    const wishes: TurnWishes = head?.wishes ?? {}
    const agent = agentOfKey(turn.key)
    const [entries, system] = await Promise.all([transcript.live(store.read, session.id), systemFor(turn, session)])
    const hadWords = resumed && entries.some((entry) => entry.turnId === turn.id && entry.body.kind === 'user')
    let messages = messagesOf(entries)
    const journal = hadWords ? await transcript.calls(store.read, turn.id) : []
    if (!hadWords) {
      for (const waiting of turn.batch) if (waiting.continues !== undefined) beginReading(waiting)
      await filesRead(turn.batch, turn.signal)
      const limit = config.get(messagesSection).groupChat.historyLimit
      const backlog = turn.chat.kind === 'direct' || limit === 0 || head === undefined ? [] : await needs.backlog(turn.chat, head.receivedAt, limit)
      const lastUser = entries.findLast((entry) => entry.body.kind === 'user')
      const today = dayOf(turn.startedAt)
      const day = lastUser !== undefined && dayOf(lastUser.at) !== today ? today : undefined
      const { message, envelopeParts, from } = userMessageOf(turn.batch, { ...(day === undefined ? {} : { day }), backlog: backlog.map((row) => row.message), overflow })
      turn.pending.push({ kind: 'user', message, ...(from === undefined ? {} : { from }), inbox: turn.batch.map((waiting) => waiting.inbox), ...(envelopeParts === 0 ? {} : { envelopeParts }) })
      messages = [...closeOpenCalls(messages, false), message]
    } else {
      turn.begun = true
      for (const { body, turnId } of entries) {
        if (turnId !== turn.id || body.kind !== 'assistant') continue
        const text = body.message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')
        if (text.trim() !== '') turn.said.push(text)
      }
      for (const call of unansweredCalls(messages)) {
        const journaled = journal.find((each) => each.callId === call.callId)
        if (journaled === undefined || journaled.state === 'started') continue
        const result: ToolResultMessage = {
          // The journal does not tell whose words a result held: then they count as a stranger's.
          role: 'tool', ...(journaled.state === 'refused' ? {} : { origin: 'external' as const }), callId: call.callId, name: call.name, isError: journaled.state === 'refused', content: [{ type: 'text', text: journaled.result ?? '' }],
        }
        turn.pending.push({ kind: 'tool-result', message: result })
        messages.push(result)
      }
      messages = closeOpenCalls(messages, true)
    }
    const chosen = wishes.model ?? session.settings.model
    const models = needs.models(agent, chosen)
    turn.wanted = models.candidates[0] ?? null
    return {
      id: turn.id, sessionKey: turn.key, sessionId: session.id,
      system: wishes.instructions === undefined ? system : `${system}\n\n${wishes.instructions}`,
      messages,
      unfinished: unansweredCalls(messages).filter((call) => journal.some((each) => each.callId === call.callId && each.state === 'started')),
      ...(entries.findLastIndex(({ body }) => body.kind === 'note' && body.about === 'notes-kept') > entries.findLastIndex(({ body }) => body.kind === 'summary') ? { notesKept: true } : {}),
      thinking: wishes.thinking ?? session.settings.thinking ?? needs.agent(agent).thinking,
      models: models.candidates, strict: models.strict, contextWindow: models.contextWindow, maxOutputTokens: models.maxOutputTokens,
      stepsMax: 50,
    }
  }

  /** The session's own system prompt: the stored bytes as long as nothing it is made of changed, so that the provider's cache holds. */
  async function systemFor(turn: Turn, session: SessionRow): Promise<string> {
    const [stored, fresh] = await Promise.all([
      transcript.system(store.read, turn.key),
      needs.prompt(agentOfKey(turn.key), turn.principal, session.kind, turn.chat),
    ])
    if (stored !== undefined && stored.hash === fresh.hash) return stored.text
    if (stored !== undefined) turn.pending.push({ kind: 'note', text: 'The instructions changed: a workspace file, the tools or the settings are not what they were.' })
    turn.onBegin.push((tx) => transcript.saveSystem(tx, turn.key, fresh.text, fresh.hash))
    return fresh.text
  }

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
    if (outcome.kind === 'aborted') turn.pending.push({ kind: 'note', text: `Stopped (${outcome.reason}).` })
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
      chat: turn.chat, usage: turn.usage, lastUserAt: clock.now(),
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

  async function existing(key: SessionKey): Promise<SessionRow> {
    const row = await transcript.session(store.read, key)
    if (row === undefined) throw new Problem('session-missing', `There is no session ${key}.`, { next: 'See `moltbot sessions list`.' })
    return row
  }

  /** Empties the queue and stops the running turn; resolves when it has ended. */
  async function abort(key: SessionKey, how: { turn?: TurnId; reason: 'stop' }): Promise<TurnId[]> {
    const id = turnIds.get(key)
    if (how.turn !== undefined && id !== how.turn) return []
    const work = lanes.work(key)
    if (how.turn === undefined) await letGo([...lanes.clear(key, 'stop'), ...(running.get(key)?.taken.splice(0) ?? [])], 'stopped before it was begun')
    else work?.abort('stop')
    await work?.done
    return work === undefined || id === undefined ? [] : [id]
  }

  /** Messages that waited and will not be worked on get their end. */
  async function letGo(waiting: readonly Waiting[], reason: string): Promise<void> {
    if (waiting.length === 0) return
    await store.transaction(async (tx) => {
      for (const each of waiting) await needs.endMessage(tx, each.inbox, 'silent', reason)
    })
  }

  const door: SessionsDoor = {
    feed,
    resolveKey: (given) => canonicalKey(given, needs.defaultAgent()),
    list: (filter = {}) => transcript.list(filter),
    get: (key) => transcript.session(store.read, key),
    async history(key, limit) {
      const row = await transcript.session(store.read, key)
      return row === undefined ? [] : transcript.tail(row.id, limit)
    },
    async patch(key, changes) {
      return store.transaction(async (tx) => {
        const { row } = await transcript.ensure(tx, key, { principal: 'owner' as PrincipalId, kind: 'direct', chat: null })
        const settings: Record<string, unknown> = { ...row.settings }
        for (const [name, value] of Object.entries(changes)) {
          if (value === null) delete settings[name]
          else if (value !== undefined) settings[name] = value
        }
        await transcript.saveSettings(tx, key, settings as SessionSettings)
        tx.afterCommit(() => feed.publish({ kind: 'session-changed', key, change: 'updated' }))
        return (await transcript.session(tx, key)) ?? row
      })
    },
    async reset(key) {
      await abort(key, { reason: 'stop' })
      return store.transaction(async (tx) => {
        await transcript.ensure(tx, key, { principal: 'owner' as PrincipalId, kind: 'direct', chat: null })
        await transcript.restart(tx, key)
        tx.afterCommit(() => feed.publish({ kind: 'session-changed', key, change: 'reset' }))
        return (await transcript.session(tx, key)) as SessionRow
      })
    },
    async delete(key) {
      if (key === mainKey(agentOfKey(key))) throw new Problem('session-main', `Cannot delete the main session (${key}).`, { next: 'Reset it instead.' })
      await abort(key, { reason: 'stop' })
      return store.transaction(async (tx) => {
        const row = await transcript.session(tx, key)
        if (row === undefined) return false
        tx.afterCommit(() => feed.publish({ kind: 'session-changed', key, change: 'deleted' }))
        const turns = await transcript.remove(tx, key, row.id)
        if (turns === undefined) return false
        await needs.forget(tx, key, turns)
        return true
      })
    },
    async compact(key, focus) {
      const row = await existing(key)
      if (lanes.work(key) !== undefined) return { compacted: false, reason: 'The session is busy; try again when the answer is there.' }
      if (compacting.has(key)) return { compacted: false, reason: 'It is being summarised already.' }
      compacting.add(key)
      const principal = (await needs.principal(row.principal)) ?? { id: row.principal, role: 'guest' as const }
      const controller = new AbortController()
      const cancel = clock.after(120_000, () => controller.abort('timeout'))
      try {
        const live = await transcript.live(store.read, row.id)
        const messages: ModelMessage[] = closeOpenCalls(messagesOf(live), false)
        const models = needs.models(row.agent, row.settings.model)
        const system = (await transcript.system(store.read, key))?.text ?? (await needs.prompt(row.agent, principal, row.kind, row.lastChat)).text
        const result = await needs.compact({
          id: newId('tn') as TurnId, sessionKey: key, sessionId: row.id, system, messages, unfinished: [], thinking: 'off',
          models: models.candidates, strict: models.strict, contextWindow: models.contextWindow, maxOutputTokens: models.maxOutputTokens, stepsMax: 1,
        }, focus, controller.signal)
        if ('reason' in result) return { compacted: false, reason: result.reason }
        const keptFrom = keptFromOf(live, result.kept, false)
        // What was said meanwhile comes after what is kept; only another summary or a fresh start makes this one void.
        const written = await store.transaction(async (tx) => {
          const summaries = (entries: readonly EntryRow[]): number => entries.findLast((entry) => entry.body.kind === 'summary')?.seq ?? 0
          if ((await transcript.session(tx, key))?.id !== row.id || summaries(await transcript.live(tx, row.id)) !== summaries(live)) return false
          await writeSummary(tx, key, row.id, row.principal, null, result.summary, keptFrom)
          await transcript.touch(tx, key, { usage: result.usage, contextTokens: needs.estimateTokens(result.summary) })
          return true
        })
        if (!written) return { compacted: false, reason: 'The conversation was started afresh or summarised meanwhile; it was left as it is.' }
        feed.publish({ kind: 'session-changed', key, change: 'updated' })
        return { compacted: true }
      } finally {
        cancel()
        compacting.delete(key)
      }
    },
    abort,
    async inject(key, text, label, origin) {
      const row = await existing(key)
      return store.transaction(async (tx) => {
        const entry = await transcript.append(tx, row.id, row.principal, null, { kind: 'injected', text, ...(label === undefined ? {} : { label }), ...(origin === undefined ? {} : { origin }) })
        await transcript.touch(tx, key, {})
        tx.afterCommit(() => feed.publish({ kind: 'entry', key, entry }))
        return entry
      })
    },
    running: (key) => (key === undefined ? [...running.values()] : [running.get(key)].filter((turn) => turn !== undefined)) as RunningTurn[],
    async outcomeOf(platformId, of) {
      const row = await needs.ofClient(platformId, of)
      if (row === undefined) return undefined
      const turn = row.turnId === null ? undefined : await transcript.turn(store.read, row.turnId)
      return {
        inbox: row.id, turnId: row.turnId, end: row.end, detail: row.endDetail, startedAt: turn?.startedAt ?? row.receivedAt, endedAt: turn?.endedAt ?? row.endedAt,
        text: turn?.text ?? null, usage: turn?.usage ?? null, model: turn?.model ?? null,
      }
    },
  }

  return {
    ...door,
    enqueue,
    record,
    commit,
    startCall,
    finishCall,
    /** What the calls of a turn did, and what they were to do and did not; calls that only looked are left out. */
    receipts,
    /**
     * What must be told beside the words of a turn that ends: acts that failed, were refused or broke off, and were not done by a later call; and what was done, where
     * the owner wants that under each answer. `silent`: there is no answer to say it under. '' for nothing.
     */
    async undone(turn: Turn, silent: boolean): Promise<string> {
      const [before, own, privy] = [turn.batch.flatMap(({ message }) => receiptOf(message)), await receipts(turn.id), turn.chat.kind === 'direct']
      const undone = undoneWords(undoneOf([...before, ...own.filter(({ callId }) => !turn.quiet.has(callId))]), privy)
      const done = silent || config.get(messagesSection).receipts !== 'always' ? '' : doneWords([...before, ...own], privy)
      return [undone, done].filter((words) => words !== '').join('\n\n')
    },
    finish,
    keepCommand,
    leave,
    transcript,
    settings: async (key: SessionKey): Promise<SessionSettings> => (await transcript.session(store.read, key))?.settings ?? {},
    waitingCount: lanes.waitingCount,
    waitingInAll: lanes.waitingInAll,
    /** No turn begins any more, and the time of those that run stands still. Takes effect at once. */
    hold(): void {
      held = true
      for (const timer of timers.values()) timer.stop()
    },
    /** Goes on where `hold` stopped. */
    release(): void {
      held = false
      for (const [key, timer] of timers) {
        const heldForMs = timer.go()
        const turn = running.get(key)
        if (turn !== undefined) turn.deadline += heldForMs
      }
      lanes.kick()
    },
    /** Stops every running turn; what waits goes on waiting. Resolves with how many there were, when no tool of them can run any more. */
    async stopAll(): Promise<number> {
      const works = lanes.busy()
      for (const work of works) work.abort('stop')
      await Promise.all(works.map((work) => work.done))
      return works.length
    },
    /** Lets go of everything that waits, in every session. */
    async forgetWaiting(): Promise<number> {
      const waiting = lanes.dropWaiting()
      await letGo(waiting, 'it was let go when the gateway was resumed')
      return waiting.length
    },
    /** What became of the calls of a turn that was stopped at `at`. */
    callsAtStop: (turn: TurnId, key: SessionKey, at: number): Promise<CallAtStop[]> => callsAtStop({ calls: () => transcript.calls(store.read, turn), entries: () => door.history(key, 100) }, turn, at),
    queueMode: modeFor,
    /** What somebody set for a group by `/activation` or a client; undefined: nothing, or no group. */
    async activationIn(tx: Tx, message: IncomingMessage): Promise<SessionSettings['groupActivation']> {
      if (message.chat.kind === 'direct') return undefined
      // Whose words they are has no part in the key of a group.
      const key = keyOfChat({ chat: message.chat, agent: needs.agentFor(message.chat), principal: { id: '' as PrincipalId, role: 'guest' }, peer: message.sender.id, scope: config.get(sessionSection).dmScope, identityLinks: {} })
      return (await transcript.session(tx, key))?.settings.groupActivation
    },
    keyFor(message: IncomingMessage, principal: Principal): SessionKey {
      const { dmScope, identityLinks } = config.get(sessionSection)
      const agent = message.session === undefined ? needs.agentFor(message.chat) : agentOfKey(message.session)
      return message.session ?? keyOfChat({ chat: message.chat, agent, principal, peer: message.sender.id, scope: dmScope, identityLinks })
    },
    /** Marks a message whose turn a dead gateway had begun: its lane continues that turn. */
    resume(inbox: InboxId, turn: TurnId): void {
      unfinished.set(inbox, turn)
    },
    messageEnded(item: { inbox: InboxId; platformId: string; key: SessionKey | null; end: string; detail: string | null; turnId: TurnId | null }): void {
      feed.publish({ kind: 'message-ended', ...item })
    },
    /** Ends what someone who was shut out still had waiting or running, in every session. Resolves when nothing of it runs any more. */
    async shutOut(who: Pick<ChatRef, 'channel' | 'account'> & { sender: string }): Promise<void> {
      const concerns = ({ message }: Waiting): boolean => message.chat.channel === who.channel && message.chat.account === who.account && message.sender.id === who.sender
      const works = lanes.busy().filter((work) => work.batch.some(concerns))
      const waiting = lanes.drop(concerns)
      for (const turn of running.values()) waiting.push(...turn.taken.filter(concerns))
      await letGo(waiting, 'the sender was shut out')
      await Promise.all(works.map((work) => work.done))
    },
    /** Stops taking work, aborts what runs and waits for it, at most `graceMs`. What is unfinished is continued at the next start. */
    async close(graceMs: number): Promise<void> {
      const works = lanes.busy()
      lanes.close()
      await Promise.race([Promise.all(works.map((work) => work.done)), new Promise<void>((resolve) => { clock.after(graceMs, resolve) })])
    },
  }
}
export type { EntryRow, TurnId }

import {
  Problem, describeError, ownerPrincipal, type ChatRef, type Clock, type ConfigView, type InboxId, type IncomingMessage, type Logger, type NewId, type Principal, type PrincipalId, type SessionKey, type Store, type TurnId, type Tx,
} from '@moltbot/contract'
import { createBuildView } from './build-view.ts'
import { callsAtStop } from './calls-at-stop.ts'
import { createCompactSession } from './compact-session.ts'
import { messagesSection, sessionSection } from './config.ts'
import { createFeed } from './feed.ts'
import { createFileReading } from './file-reading.ts'
import { agentOfKey, canonicalKey, keyOfChat, mainKey } from './keys.ts'
import { createLanes, type Waiting, type Work } from './lanes.ts'
import { isStale, resetRuleFor } from './reset.ts'
import type { SessionsNeeds } from './sessions-needs.ts'
import { createTranscript } from './transcript.ts'
import { createTurnRecord } from './turn-record.ts'
import { createTurnTimer, type TurnTimer } from './turn-timer.ts'
import { newTurn, type Turn } from './turn.ts'
import type { CallAtStop, QueueMode, RunningTurn, SessionRow, SessionSettings, SessionsDoor } from './types.ts'
import { userMessageOf } from './view.ts'

/** How long a turn may still run after it was told to stop before the lane gives it up. */
export const abortGraceMs = 10_000

export type SessionsRoom = ReturnType<typeof createSessions>

export function createSessions(options: { store: Store; clock: Clock; newId: NewId; log: Logger; config: ConfigView; needs: SessionsNeeds }) {
  const { store, clock, newId, log, config, needs } = options
  const transcript = createTranscript({ store, clock, newId })
  const feed = createFeed(log)
  const reading = createFileReading((message, principal) => needs.readFiles(message, principal))
  const buildView = createBuildView({ store, config, transcript, reading, needs })
  const turnRecord = createTurnRecord({ store, clock, config, transcript, feed, needs })
  const running = new Map<SessionKey, Turn>()
  /** The turn of each session that works, from the moment its lane starts it. */
  const turnIds = new Map<SessionKey, TurnId>()
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
      if (!(await needs.endMessage(tx, waiting.inbox, 'failed', reason))) return
      await turnRecord.keepUnbegun(tx, waiting, reason)
      await needs.refuse(tx, waiting, `I could not take this message: ${reason}. Please send it again in a moment.`)
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
      inbox: row.id, key: session.key, message, principal, receivedAt: row.receivedAt, wishes: message.wishes,
      mode: message.wishes === undefined ? modeFor(message.chat, session.settings) : 'followup',
      ...(unfinished.has(row.id) ? { continues: true } : {}),
    }
    // A turn may begin while its message is on the way to the disk: all it does in the world waits for commits of its own.
    tx.afterWrite(() => {
      if (waiting.continues === undefined) reading.begin(waiting)
      lanes.push(session.key, waiting)
    })
    return session.key
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
        if (turn !== undefined && !turn.over) turnRecord.leave(turn)
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
    if (how.turn === undefined) await letGo([...lanes.clear(key, 'stop'), ...(running.get(key)?.taken.splice(0) ?? [])], 'stopped before it was begun', work?.done)
    else work?.abort('stop')
    await work?.done
    return work === undefined || id === undefined ? [] : [id]
  }

  /** Messages that waited and will not be worked on get their end at once, and their line in the conversation behind what is said until `over`. */
  async function letGo(waiting: readonly Waiting[], reason: string, over?: Promise<void>): Promise<void> {
    if (waiting.length === 0) return
    await store.transaction(async (tx) => {
      for (const each of waiting) await needs.endMessage(tx, each.inbox, 'silent', reason)
    })
    await over
    // They have their end; that their words cannot be kept must not make a stop fail.
    await store.transaction(async (tx) => {
      for (const each of waiting) await turnRecord.keepUnbegun(tx, each, reason)
    }).catch((error: unknown) => log.error('The words of messages that were let go could not be kept.', { error: describeError(error) }))
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
        const { row } = await transcript.ensure(tx, key, { principal: ownerPrincipal, kind: 'direct', chat: null })
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
        await transcript.ensure(tx, key, { principal: ownerPrincipal, kind: 'direct', chat: null })
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
    compact: createCompactSession({ store, clock, newId, transcript, feed, record: turnRecord, needs, existing, isBusy: (key) => lanes.work(key) !== undefined }),
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
    turnOutcome: async (turn) => (await transcript.turn(store.read, turn))?.outcome ?? null,
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
    record: turnRecord.record,
    commit: turnRecord.commit,
    startCall: turnRecord.startCall,
    finishCall: turnRecord.finishCall,
    receipts: turnRecord.receipts,
    undone: turnRecord.undone,
    finish: turnRecord.finish,
    keepCommand: turnRecord.keepCommand,
    leave: turnRecord.leave,
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

import type { InboxId, Logger, SessionKey, TurnId } from '@moltbot/contract'
import { describeError } from '@moltbot/contract'
import type { Caller } from '../caller.ts'

/** A piece of work as a client knows it. A client names its own runs (the idempotency key); others get the turn's id. */
export interface Run {
  id: string
  key: SessionKey
  /** Set once the message is accepted. */
  inbox: InboxId | null
  /** Its one last event was sent. */
  ended: boolean
}

/** Held by a method from before it submits a message until its answer is on the wire. */
export interface RunHandle {
  run: Run
  accepted(inbox: InboxId): void
  /** The message was refused or is known already: there is no run of this handle. */
  dropped(): void
  /** Lets the events of the session go on. Must be called, also after a failure. */
  release(): void
}

/**
 * What clients started under names of their own, and the order in which things are told. In memory only: after a restart
 * the names are found again in the inbox.
 */
export interface Runs {
  /** Call before submitting: the events of the session wait until `release`, so that no event comes before the answer. */
  begin(id: string, key: SessionKey): RunHandle
  ofMessage(id: string, key: SessionKey | null): Run | undefined
  ofInbox(inbox: InboxId): Run | undefined
  /** The messages of a session that were submitted lately, newest last. */
  inSession(key: SessionKey): Run[]
  /** The events of one session, one after the other. A task may take its time; the next waits. Idle lanes run it at once. */
  inOrder(key: string, task: () => void | Promise<void>): void
  /** Resolves when everything told so far about the session is on its way. */
  told(key: string): Promise<void>
  turnOpened(turn: TurnId, runId: string): void
  turnClosed(turn: TurnId): void
  /** What clients call a running or lately ended turn. */
  nameOf(turn: TurnId): string | undefined
  /** The running turn of that name. */
  turnNamed(runId: string): TurnId | undefined
  /** Resolves once the last event of the turn was sent; at once for a turn nobody is telling about. */
  closed(turn: TurnId): Promise<void>
  /** Remembers how a connection writes a session's key. Clients of protocol 3 compare keys as they wrote them. */
  spelled(caller: Pick<Caller, 'id' | 'protocol' | 'signal'>, key: SessionKey, given: string): void
  /** The key as this connection expects it. */
  spellingFor(caller: Pick<Caller, 'id' | 'protocol'>, key: SessionKey): string
}

const runsMax = 2_000
const turnsMax = 500

/** The one `Runs` of a gateway. `log` hears of events that could not be told. */
export function createRuns(log: Logger): Runs {
  const byId = new Map<string, Run>()
  const byInbox = new Map<InboxId, Run>()
  const lanes = new Map<string, (() => void | Promise<void>)[]>()
  const openTurns = new Map<TurnId, { name: string; waiting: (() => void)[] }>()
  const names = new Map<TurnId, string>()
  const spellings = new Map<string, Map<SessionKey, string>>()

  const idOf = (id: string, key: SessionKey): string => `${key}\n${id}`
  const forget = (run: Run): void => {
    byId.delete(idOf(run.id, run.key))
    if (run.inbox !== null) byInbox.delete(run.inbox)
  }
  const failed = (error: unknown): void => log.error('an event could not be told', { error: describeError(error) })

  const drain = async (key: string, waiting: (() => void | Promise<void>)[]): Promise<void> => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      try {
        await next()
      } catch (error) {
        failed(error)
      }
      waiting.shift()
    }
    lanes.delete(key)
  }
  const inOrder = (key: string, task: () => void | Promise<void>): void => {
    const waiting = lanes.get(key)
    if (waiting !== undefined) {
      waiting.push(task)
      return
    }
    let result: void | Promise<void>
    try {
      result = task()
    } catch (error) {
      failed(error)
      return
    }
    if (result === undefined) return
    const running = result
    const queue = [() => running]
    lanes.set(key, queue)
    void drain(key, queue)
  }

  return {
    begin(id, key) {
      const known = byId.get(idOf(id, key))
      const run = known ?? { id, key, inbox: null, ended: false }
      if (known === undefined) byId.set(idOf(id, key), run)
      for (const old of byId.values()) {
        if (byId.size <= runsMax) break
        forget(old)
      }
      let release = (): void => undefined
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      inOrder(key, () => released)
      return {
        run,
        accepted(inbox) {
          run.inbox = inbox
          byInbox.set(inbox, run)
        },
        dropped() {
          if (known === undefined) forget(run)
        },
        release,
      }
    },
    ofMessage(id, key) {
      if (key !== null) return byId.get(idOf(id, key))
      for (const run of byId.values()) if (run.id === id) return run
      return undefined
    },
    ofInbox: (inbox) => byInbox.get(inbox),
    inSession: (key) => [...byId.values()].filter((run) => run.key === key),
    inOrder,
    told: (key) => new Promise((resolve) => inOrder(key, resolve)),
    turnOpened(turn, name) {
      if (!openTurns.has(turn)) openTurns.set(turn, { name, waiting: [] })
      names.delete(turn)
      names.set(turn, name)
      for (const old of names.keys()) {
        if (names.size <= turnsMax) break
        names.delete(old)
      }
    },
    turnClosed(turn) {
      const open = openTurns.get(turn)
      openTurns.delete(turn)
      for (const resolve of open?.waiting ?? []) resolve()
    },
    nameOf: (turn) => names.get(turn),
    turnNamed(runId) {
      for (const [turn, open] of openTurns) if (open.name === runId) return turn
      return undefined
    },
    closed(turn) {
      const open = openTurns.get(turn)
      return open === undefined ? Promise.resolve() : new Promise((resolve) => open.waiting.push(resolve))
    },
    spelled(caller, key, given) {
      if (caller.protocol !== 3 || caller.signal.aborted) return
      let own = spellings.get(caller.id)
      if (own === undefined) {
        own = new Map()
        spellings.set(caller.id, own)
        caller.signal.addEventListener('abort', () => spellings.delete(caller.id), { once: true })
      }
      own.set(key, given)
    },
    spellingFor: (caller, key) => (caller.protocol === 3 ? spellings.get(caller.id)?.get(key) : undefined) ?? key,
  }
}

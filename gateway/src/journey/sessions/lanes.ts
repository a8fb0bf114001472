import type { Clock, InboxId, IncomingMessage, Principal, SessionKey, TurnWishes } from '@moltbot/contract'
import type { QueueMode } from './types.ts'

/** A message that waits for its turn. */
export interface Waiting {
  inbox: InboxId
  message: IncomingMessage
  principal: Principal
  receivedAt: number
  mode: QueueMode
  wishes: TurnWishes | undefined
  /** It was begun by a gateway that died: its turn is continued as it is, with nothing joined to it. */
  continues?: true
  /** Set by the lane: it arrived while the session was busy and waits for a quiet moment. */
  collected?: true
}

export interface LaneLimits { debounceMs: number; cap: number; drop: 'summarize' | 'old' | 'new' }

/** What a lane works on. `steering` holds words for the running turn until the loop takes them. */
export interface Work {
  batch: Waiting[]
  /** Waiting messages beyond the cap, to be shown as one line each. */
  overflow: Waiting[]
  steering: Waiting[]
  /** Aborts the work; the first reason counts. */
  abort(reason: 'stop' | 'interrupt' | 'shutdown' | 'timeout'): void
}

interface Lane { waiting: Waiting[]; overflow: Waiting[]; lastAt: number; work: Work | undefined; cancelTimer: (() => void) | undefined; queued: boolean }

/** The same person, the same place, no wishes of its own: only such messages ever share a turn. */
export function mayJoin(one: Waiting, other: Waiting): boolean {
  const place = (waiting: Waiting): string => JSON.stringify([waiting.message.chat.channel, waiting.message.chat.account, waiting.message.chat.chat, waiting.message.chat.thread ?? null])
  return one.principal.id === other.principal.id && place(one) === place(other) && one.wishes === undefined && other.wishes === undefined
}

/**
 * One lane per session, one piece of work at a time in each, at most `concurrent` at once over all. In memory only: what
 * waits here is an inbox row without an end state, and is put back here from there after a crash.
 */
export function createLanes(options: {
  clock: Clock
  concurrent: () => number
  limits: (key: SessionKey) => LaneLimits
  /** Does the work. Must not reject; resolves when the lane is free. */
  start: (key: SessionKey, work: Omit<Work, 'abort'>) => { abort: Work['abort']; done: Promise<void> }
  /** The queue is full and this message is not taken. */
  refuse: (key: SessionKey, waiting: Waiting) => void
}) {
  const { clock, limits } = options
  const lanes = new Map<SessionKey, Lane>()
  const ready: SessionKey[] = []
  let active = 0
  let closed = false

  const laneOf = (key: SessionKey): Lane => {
    let lane = lanes.get(key)
    if (lane === undefined) {
      lane = { waiting: [], overflow: [], lastAt: 0, work: undefined, cancelTimer: undefined, queued: false }
      lanes.set(key, lane)
    }
    return lane
  }

  const pump = (): void => {
    while (!closed && active < options.concurrent()) {
      const key = ready.shift()
      if (key === undefined) return
      const lane = laneOf(key)
      lane.queued = false
      if (lane.work === undefined) begin(key, lane)
    }
  }

  const schedule = (key: SessionKey, lane: Lane): void => {
    if (lane.queued || lane.work !== undefined || closed) return
    // Words beyond the cap that joined nobody's turn get one of their own.
    if (lane.waiting.length === 0) lane.waiting.push(...lane.overflow.splice(0))
    const head = lane.waiting[0]
    if (head === undefined) {
      lanes.delete(key)
      return
    }
    if (lane.cancelTimer !== undefined) return
    const quietForMs = clock.now() - lane.lastAt
    const { debounceMs } = limits(key)
    if (head.collected === true && quietForMs < debounceMs) {
      lane.cancelTimer = clock.after(debounceMs - quietForMs, () => {
        lane.cancelTimer = undefined
        schedule(key, lane)
      })
      return
    }
    lane.queued = true
    ready.push(key)
    pump()
  }

  const begin = (key: SessionKey, lane: Lane): void => {
    const head = lane.waiting.shift()
    if (head === undefined) return
    const batch = [head]
    const joins = head.mode !== 'followup' && head.continues === undefined
    for (let next = lane.waiting[0]; joins && next !== undefined && next.continues === undefined && mayJoin(head, next); next = lane.waiting[0]) {
      batch.push(next)
      lane.waiting.shift()
    }
    const overflow = lane.overflow.filter((waiting) => head.continues === undefined && mayJoin(head, waiting))
    lane.overflow = lane.overflow.filter((waiting) => !overflow.includes(waiting))
    const steering: Waiting[] = []
    active += 1
    const running = options.start(key, { batch, overflow, steering })
    const work: Work = { batch, overflow, steering, abort: running.abort }
    lane.work = work
    void running.done.then(() => {
      active -= 1
      lane.work = undefined
      lane.waiting.unshift(...work.steering.splice(0))
      schedule(key, lane)
      pump()
    })
  }

  return {
    push(key: SessionKey, waiting: Waiting): void {
      const lane = laneOf(key)
      const busy = lane.work
      lane.lastAt = clock.now()
      if (busy === undefined) {
        lane.waiting.push(waiting)
        schedule(key, lane)
        return
      }
      const head = busy.batch[0]
      if (waiting.mode === 'steer' && head !== undefined && mayJoin(head, waiting)) {
        busy.steering.push(waiting)
        return
      }
      if (waiting.mode === 'interrupt') busy.abort('interrupt')
      if (waiting.mode === 'collect') waiting.collected = true
      lane.waiting.push(waiting)
      const { cap, drop } = limits(key)
      while (lane.waiting.length > cap) {
        if (drop === 'new') options.refuse(key, lane.waiting.pop() as Waiting)
        else if (drop === 'old') options.refuse(key, lane.waiting.shift() as Waiting)
        else lane.overflow.push(lane.waiting.shift() as Waiting)
      }
    },
    /** Empties the queue of a session and aborts its work. Returns what was still waiting. */
    clear(key: SessionKey, reason: 'stop' | 'shutdown'): Waiting[] {
      const lane = lanes.get(key)
      if (lane === undefined) return []
      const waiting = [...lane.overflow, ...(lane.work?.steering.splice(0) ?? []), ...lane.waiting]
      lane.waiting = []
      lane.overflow = []
      lane.cancelTimer?.()
      lane.cancelTimer = undefined
      lane.work?.abort(reason)
      return waiting
    },
    work: (key: SessionKey): Work | undefined => lanes.get(key)?.work,
    waitingCount: (key: SessionKey): number => {
      const lane = lanes.get(key)
      return lane === undefined ? 0 : lane.waiting.length + lane.overflow.length + (lane.work?.steering.length ?? 0)
    },
    busy: (): SessionKey[] => [...lanes].filter(([, lane]) => lane.work !== undefined).map(([key]) => key),
    /** Starts nothing more. Work that runs is aborted for shutdown. */
    close(): void {
      closed = true
      for (const lane of lanes.values()) {
        lane.cancelTimer?.()
        lane.work?.abort('shutdown')
      }
    },
  }
}

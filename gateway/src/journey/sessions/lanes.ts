import type { Clock, InboxId, IncomingMessage, Principal, SessionKey, TurnWishes } from '@moltbot/contract'
import type { QueueMode } from './types.ts'

/** A message that waits for its turn. */
export interface Waiting {
  inbox: InboxId
  key: SessionKey
  message: IncomingMessage
  principal: Principal
  receivedAt: number
  mode: QueueMode
  wishes: TurnWishes | undefined
  /** It was begun by a gateway that died: its turn is continued as it is, with nothing joined to it. */
  continues?: true
  /** Runs while its files are being read; `message` is the read one afterwards. Never rejects. */
  reading?: Promise<void>
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
  /** Resolves when the lane is free again. Never rejects. */
  done: Promise<void>
}

/** The longest a stream of `collect` messages can put its answer off, in multiples of the debounce. */
const debounceTimesMax = 10

interface Lane {
  waiting: Waiting[]; overflow: Waiting[]; lastAt: number; work: Work | undefined; cancelTimer: (() => void) | undefined; queued: boolean
  /** Since when the lane waits for a quiet moment; undefined while it does not. */
  quietSince: number | undefined
}

/** The same person, the same place, no wishes of its own: only such messages ever share a turn. */
export function mayJoin(one: Waiting, other: Waiting): boolean {
  const place = (waiting: Waiting): string => JSON.stringify([waiting.message.chat.channel, waiting.message.chat.account, waiting.message.chat.chat, waiting.message.chat.thread ?? null])
  return one.principal.id === other.principal.id && place(one) === place(other) && one.wishes === undefined && other.wishes === undefined
}

/** What a flood leaves behind must stay small: for one line of a message its words and the names of its attachments are enough. */
function withoutData(waiting: Waiting): Waiting {
  const attachments = waiting.message.attachments.map(({ data: _data, ...attachment }) => attachment)
  return { ...waiting, message: { ...waiting.message, attachments } }
}

/**
 * One lane per session, one piece of work at a time in each, at most `concurrent` at once over all. In memory only: what
 * waits here is an inbox row without an end state, and is put back here from there after a crash.
 */
export function createLanes(options: {
  clock: Clock
  concurrent: (key: SessionKey) => number
  limits: (key: SessionKey) => LaneLimits
  /** Does the work. Must not reject; resolves when the lane is free. */
  start: (key: SessionKey, work: Omit<Work, 'abort' | 'done'>) => { abort: Work['abort']; done: Promise<void> }
  /** While true no lane starts anything; `kick` when it ends. */
  held: () => boolean
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
      lane = { waiting: [], overflow: [], lastAt: 0, work: undefined, cancelTimer: undefined, queued: false, quietSince: undefined }
      lanes.set(key, lane)
    }
    return lane
  }

  const pump = (): void => {
    for (let key = ready[0]; !closed && !options.held() && key !== undefined && active < options.concurrent(key); key = ready[0]) {
      ready.shift()
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
    const { debounceMs, cap } = limits(key)
    const now = clock.now()
    // A clock that was set back must not stretch the pause.
    lane.lastAt = Math.min(lane.lastAt, now)
    lane.quietSince = Math.min(lane.quietSince ?? now, now)
    const quietForMs = now - lane.lastAt
    const patient = lane.waiting.length < cap && now - lane.quietSince < debounceMs * debounceTimesMax
    if (head.collected === true && quietForMs < debounceMs && patient) {
      lane.cancelTimer ??= clock.after(debounceMs - quietForMs, () => {
        lane.cancelTimer = undefined
        schedule(key, lane)
      })
      return
    }
    lane.cancelTimer?.()
    lane.cancelTimer = undefined
    lane.quietSince = undefined
    lane.queued = true
    ready.push(key)
    pump()
  }

  const begin = (key: SessionKey, lane: Lane): void => {
    const head = lane.waiting.shift()
    if (head === undefined) {
      // Its queue was emptied while it waited for a free place.
      schedule(key, lane)
      return
    }
    const batch = [head]
    const joins = head.mode !== 'followup' && head.continues === undefined
    for (let next = lane.waiting[0]; joins && next !== undefined && next.mode !== 'followup' && next.continues === undefined && mayJoin(head, next); next = lane.waiting[0]) {
      batch.push(next)
      lane.waiting.shift()
    }
    const overflow = lane.overflow.filter((waiting) => head.continues === undefined && mayJoin(head, waiting))
    lane.overflow = lane.overflow.filter((waiting) => !overflow.includes(waiting))
    const steering: Waiting[] = []
    // What came in for a continued turn before the crash still reaches it, ahead of what comes in from now on.
    for (let next = lane.waiting[0]; head.continues !== undefined && next?.mode === 'steer' && next.continues === undefined && mayJoin(head, next); next = lane.waiting[0]) {
      steering.push(next)
      lane.waiting.shift()
    }
    active += 1
    const running = options.start(key, { batch, overflow, steering })
    const work: Work = { batch, overflow, steering, abort: running.abort, done: running.done }
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
      const { cap, drop } = limits(key)
      lane.lastAt = clock.now()
      const head = busy?.batch[0]
      // Nobody overtakes their own earlier words that have to wait.
      if (busy !== undefined && waiting.mode === 'steer' && head !== undefined && mayJoin(head, waiting) && busy.steering.length < cap && !lane.waiting.some((earlier) => mayJoin(earlier, waiting))) {
        busy.steering.push(waiting)
        return
      }
      if (busy !== undefined && waiting.mode === 'interrupt') busy.abort('interrupt')
      if (busy !== undefined && waiting.mode === 'collect') waiting.collected = true
      lane.waiting.push(waiting)
      while (lane.waiting.length > cap) {
        // What was begun before a crash is continued, never dropped for what came later.
        const oldest = lane.waiting.findIndex((each) => each.continues === undefined)
        if (drop === 'new' || oldest < 0) options.refuse(key, lane.waiting.pop() as Waiting)
        else if (drop === 'old') lane.waiting.splice(oldest, 1).forEach((each) => options.refuse(key, each))
        else {
          lane.overflow.push(...lane.waiting.splice(oldest, 1))
          const far = lane.overflow.at(-1 - cap)
          if (far !== undefined) lane.overflow[lane.overflow.length - 1 - cap] = withoutData(far)
        }
      }
      schedule(key, lane)
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
      lane.quietSince = undefined
      lane.work?.abort(reason)
      if (lane.work === undefined && !lane.queued) lanes.delete(key)
      return waiting
    },
    /** Takes out everything of one kind that still waits, in every session, and aborts work that was begun for it. Returns what was waiting. */
    drop(concerns: (waiting: Waiting) => boolean): Waiting[] {
      const dropped: Waiting[] = []
      const without = (list: Waiting[]): Waiting[] => list.filter((waiting) => {
        if (!concerns(waiting)) return true
        dropped.push(waiting)
        return false
      })
      for (const lane of lanes.values()) {
        lane.overflow = without(lane.overflow)
        lane.waiting = without(lane.waiting)
        if (lane.work === undefined) continue
        lane.work.steering.splice(0, Number.POSITIVE_INFINITY, ...without([...lane.work.steering]))
        if (lane.work.batch.some(concerns)) lane.work.abort('stop')
      }
      return dropped
    },
    /** Takes out all that waits, in every session. Work that was begun goes on. */
    dropWaiting(): Waiting[] {
      return [...lanes.values()].flatMap((lane) => [...lane.overflow.splice(0), ...(lane.work?.steering.splice(0) ?? []), ...lane.waiting.splice(0)])
    },
    work: (key: SessionKey): Work | undefined => lanes.get(key)?.work,
    waitingCount: (key: SessionKey): number => {
      const lane = lanes.get(key)
      return lane === undefined ? 0 : lane.waiting.length + lane.overflow.length + (lane.work?.steering.length ?? 0)
    },
    /** Starts what was kept waiting. */
    kick: pump,
    waitingInAll: (): number => [...lanes.values()].reduce((sum, lane) => sum + lane.waiting.length + lane.overflow.length + (lane.work?.steering.length ?? 0), 0),
    busy: (): Work[] => [...lanes.values()].flatMap((lane) => (lane.work === undefined ? [] : [lane.work])),
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

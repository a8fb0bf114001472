import type { SessionKey, TurnId, TurnOutcome } from '@moltbot/contract'
import type { Rooms } from '../rooms.ts'

/** How a message ended. `outcome` is known when the turn ended while somebody waited for it. */
export interface RunEnd extends NonNullable<Awaited<ReturnType<Rooms['sessions']['outcomeOf']>>> { outcome?: TurnOutcome }

/**
 * Waits until the message a client sent under this name has ended, and its last event was told. Undefined: not within
 * `timeoutMs` (absent: as long as it takes).
 */
export async function runEnd(rooms: Pick<Rooms, 'sessions' | 'runs' | 'clock'>, runId: string, timeoutMs: number | undefined): Promise<RunEnd | undefined> {
  let heard = (): void => undefined
  const cancels: (() => void)[] = []
  let key: SessionKey | null = null
  /** Of turns that ended meanwhile; which of them is ours is known only at the end. */
  const outcomes = new Map<TurnId, TurnOutcome>()
  const ended = new Promise<'ended'>((resolve) => {
    heard = () => resolve('ended')
  })
  const stopListening = rooms.sessions.feed.subscribe((item) => {
    if (item.kind === 'turn-settled') {
      outcomes.set(item.turn.id, item.outcome)
      for (const old of outcomes.keys()) {
        if (outcomes.size <= outcomesMax) break
        outcomes.delete(old)
      }
    }
    if (item.kind !== 'message-ended' || item.platformId !== runId) return
    key = item.key
    heard()
  })
  try {
    const known = await rooms.sessions.outcomeOf(runId)
    if (known !== undefined && known.end !== null) return known
    const waits: Promise<'ended' | 'late'>[] = [ended]
    if (timeoutMs !== undefined) waits.push(new Promise((resolve) => cancels.push(rooms.clock.after(timeoutMs, () => resolve('late')))))
    if ((await Promise.race(waits)) === 'late') return undefined
    const end = await rooms.sessions.outcomeOf(runId)
    if (end === undefined) return undefined
    if (end.turnId !== null) await rooms.runs.closed(end.turnId)
    if (key !== null) await rooms.runs.told(key)
    const outcome = end.turnId === null ? undefined : outcomes.get(end.turnId)
    return { ...end, ...(outcome === undefined ? {} : { outcome }) }
  } finally {
    stopListening()
    for (const cancel of cancels) cancel()
  }
}

const outcomesMax = 200

/** Why a run failed, in words; undefined when it did not. */
export function failureOf(end: Pick<RunEnd, 'end' | 'detail' | 'outcome'>): string | undefined {
  if (end.end !== 'failed' && end.end !== 'denied') return undefined
  if (end.outcome?.kind === 'failed') return end.outcome.fault.message
  // `told`: the reason went out as the reply itself.
  return end.detail === null || end.detail === '' || end.detail === 'told' ? 'it could not be finished; the conversation says why' : end.detail
}

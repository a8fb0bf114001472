import type { SessionKey } from '@moltbot/contract'
import type { Rooms } from '../rooms.ts'

export type RunEnd = NonNullable<Awaited<ReturnType<Rooms['sessions']['outcomeOf']>>>

/**
 * Waits until the message a client sent under this name has ended, and its last event was told. Undefined: not within
 * `timeoutMs` (absent: as long as it takes).
 */
export async function runEnd(rooms: Pick<Rooms, 'sessions' | 'runs' | 'clock'>, runId: string, timeoutMs: number | undefined): Promise<RunEnd | undefined> {
  let heard = (): void => undefined
  const cancels: (() => void)[] = []
  let key: SessionKey | null = null
  const ended = new Promise<'ended'>((resolve) => {
    heard = () => resolve('ended')
  })
  const stopListening = rooms.sessions.feed.subscribe((item) => {
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
    const outcome = await rooms.sessions.outcomeOf(runId)
    if (outcome?.turnId != null) await rooms.runs.closed(outcome.turnId)
    if (key !== null) await rooms.runs.told(key)
    return outcome
  } finally {
    stopListening()
    for (const cancel of cancels) cancel()
  }
}

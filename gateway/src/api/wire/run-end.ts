import type { InboxId, PrincipalId, SessionKey, TurnId, TurnOutcome } from '@moltbot/contract'
import type { Rooms } from '../rooms.ts'
import { nextStep } from './next-step.ts'

/** How a message ended. `outcome` is known when the turn ended while somebody waited for it. */
export interface RunEnd extends NonNullable<Awaited<ReturnType<Rooms['sessions']['outcomeOf']>>> { outcome?: TurnOutcome }

/**
 * Waits until the message this principal's client sent under this name has ended, and its last event was told; in this session, where `key` is
 * given. Undefined: not within `timeoutMs` (absent: as long as it takes). What others sent under the same name is never told.
 */
export async function runEnd(
  rooms: Pick<Rooms, 'sessions' | 'runs' | 'clock'>, runId: string, of: { principal: PrincipalId; key?: SessionKey }, timeoutMs: number | undefined,
): Promise<RunEnd | undefined> {
  const cancels: (() => void)[] = []
  /** Of turns that ended meanwhile; which of them is ours is known only at the end. */
  const outcomes = new Map<TurnId, TurnOutcome>()
  /** The sessions in which messages of that name ended meanwhile; whose they are is asked then. */
  const ended = new Map<InboxId, SessionKey | null>()
  let heard = (): void => undefined
  const late = timeoutMs === undefined ? undefined : new Promise<'late'>((resolve) => cancels.push(rooms.clock.after(timeoutMs, () => resolve('late'))))
  const stopListening = rooms.sessions.feed.subscribe((item) => {
    if (item.kind === 'turn-settled') {
      outcomes.set(item.turn.id, item.outcome)
      for (const old of outcomes.keys()) {
        if (outcomes.size <= outcomesMax) break
        outcomes.delete(old)
      }
    }
    if (item.kind !== 'message-ended' || item.platformId !== runId) return
    ended.set(item.inbox, item.key)
    heard()
  })
  try {
    for (;;) {
      const next = new Promise<'heard'>((resolve) => {
        heard = () => resolve('heard')
      })
      const end = await rooms.sessions.outcomeOf(runId, of)
      if (end !== undefined && end.end !== null) {
        const key = ended.get(end.inbox)
        // It was over before anybody listened: there is nothing more to be told.
        if (key === undefined) return end
        if (end.turnId !== null) await rooms.runs.closed(end.turnId)
        if (key !== null) await rooms.runs.told(key)
        const outcome = end.turnId === null ? undefined : outcomes.get(end.turnId)
        return { ...end, ...(outcome === undefined ? {} : { outcome }) }
      }
      if ((await (late === undefined ? next : Promise.race([next, late]))) === 'late') return undefined
    }
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

/** What can be done about a run that failed; undefined when it did not, or its own words say it. */
export function nextOfFailure(end: Pick<RunEnd, 'end' | 'outcome' | 'inbox'>): string | undefined {
  if (end.end !== 'failed' && end.end !== 'denied') return undefined
  return end.outcome?.kind === 'failed' ? nextStep(end.outcome.fault.class) : `See what happened: moltbot why ${end.inbox}`
}

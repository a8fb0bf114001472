import type { SessionKey, TurnId } from '@moltbot/contract'
import type { Rooms } from '../rooms.ts'

/** How long an answer waits for the `aborted` events that belong before it. */
const eventsWaitMs = 2_000

/**
 * Stops what runs in a session (only `turn`, when given) and empties its queue. Resolves when no tool can run any more and
 * the `aborted` events are on their way. `runIds`: what was stopped, as clients call it.
 */
export async function stopSession(rooms: Pick<Rooms, 'sessions' | 'runs' | 'clock'>, key: SessionKey, turn: TurnId | undefined): Promise<{ aborted: boolean; runIds: string[] }> {
  const waiting = turn === undefined ? rooms.runs.inSession(key).filter((run) => !run.ended && run.inbox !== null) : []
  const before = new Map(rooms.sessions.running(key).map((running) => [running.id, rooms.runs.nameOf(running.id) ?? running.id]))
  const stopped = await rooms.sessions.abort(key, { reason: 'stop', ...(turn === undefined ? {} : { turn }) })
  const runIds = stopped.map((id) => before.get(id) ?? rooms.runs.nameOf(id) ?? id)
  let cancel = (): void => undefined
  const late = new Promise<void>((resolve) => {
    cancel = rooms.clock.after(eventsWaitMs, resolve)
  })
  await Promise.race([Promise.all(stopped.map((id) => rooms.runs.closed(id))).then(() => rooms.runs.told(key)), late])
  cancel()
  for (const run of waiting) if (run.ended && !runIds.includes(run.id)) runIds.push(run.id)
  return { aborted: runIds.length > 0, runIds }
}

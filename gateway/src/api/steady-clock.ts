import type { Clock, Store } from '@moltbot/contract'

/** How far the written floor may lag behind. */
const writtenEveryMs = 60_000

/**
 * A clock that never goes back, neither while the process runs nor over a restart: what expired stays expired when somebody sets the
 * machine's time back. Seen from the machine's time it runs ahead until that has caught up. Timers are the given clock's own.
 */
export async function createSteadyClock(options: { store: Store; clock: Clock }): Promise<Clock> {
  const { store, clock } = options
  const row = await store.read.get("SELECT value FROM door_state WHERE name = 'clock'")
  let last = Number(row?.['value'] ?? 0)
  let written = last
  let ahead = 0
  const write = (now: number): Promise<void> => store.transaction(async (tx) => {
    await tx.run("INSERT INTO door_state (name, value) VALUES ('clock', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value > door_state.value", now)
  })
  return {
    after: (delayMs, task) => clock.after(delayMs, task),
    now() {
      const given = clock.now()
      if (given >= last) ahead = 0
      else if (given + ahead < last) ahead = last - given
      last = given + ahead
      if (last - written >= writtenEveryMs) {
        written = last
        // The store says in its own log why it cannot write; until it can, the clock in memory holds.
        write(last).catch(() => { written = 0 })
      }
      return last
    },
  }
}

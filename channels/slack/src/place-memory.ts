import type { ChannelHost } from '@moltbot/contract'
import { isPlace, isTimestamp } from './slack-id.ts'

/** Under this name it is kept in the account's durable state. */
const stateKey = 'places'
/** Places whose last message is remembered, so that they can be caught up. The place that was silent longest is forgotten first. */
const placesMax = 200
const saveDelayMs = 1_000

/** A channel, or one thread in it, and the last message that is durable there. */
export interface RememberedPlace { channel: string; thread: string | undefined; last: string }

/** What an account remembers, so that nothing is missed over a break that was longer than Slack keeps trying. */
export interface PlaceMemory {
  reached(channel: string, thread: string | undefined, timestamp: string): void
  places(): RememberedPlace[]
  close(): Promise<void>
}

export async function loadPlaceMemory(host: Pick<ChannelHost, 'state' | 'clock' | 'log'>): Promise<PlaceMemory> {
  const keyOf = (channel: string, thread: string | undefined): string => (thread === undefined ? channel : `${channel}/${thread}`)
  const places = new Map(parse(await host.state.get(stateKey)).map((place) => [keyOf(place.channel, place.thread), place]))
  let cancelSave: (() => void) | undefined
  let saving: Promise<void> = Promise.resolve()

  function save(): Promise<void> {
    cancelSave?.()
    cancelSave = undefined
    const value = JSON.stringify([...places.values()].map(({ channel, thread, last }) => [channel, thread ?? '', last]))
    saving = saving.then(() => host.state.set(stateKey, value)).catch((error: unknown) => {
      // Losing this costs repetitions, which are recognised; it must not cost the connection.
      host.log.warn('slack: what was reached could not be written down', { error: error instanceof Error ? error.message : String(error) })
    })
    return saving
  }

  return {
    reached(channel, thread, last) {
      const key = keyOf(channel, thread)
      const before = places.get(key)
      if (before !== undefined && before.last >= last) return
      places.delete(key)
      places.set(key, { channel, thread, last })
      const oldest = places.size > placesMax ? places.keys().next().value : undefined
      if (oldest !== undefined) places.delete(oldest)
      cancelSave ??= host.clock.after(saveDelayMs, () => void save())
    },
    places: () => [...places.values()],
    async close() {
      if (cancelSave !== undefined) await save()
      else await saving
    },
  }
}

/** What was kept, as far as it is usable: another version, or nobody, may have written it. */
function parse(text: string | undefined): RememberedPlace[] {
  try {
    const value = JSON.parse(text ?? '[]') as unknown
    if (!Array.isArray(value)) return []
    return value.flatMap((entry: unknown) => {
      if (!Array.isArray(entry)) return []
      const [channel, thread, last] = entry as unknown[]
      return isPlace(channel) && isTimestamp(last) && (thread === '' || isTimestamp(thread)) ? [{ channel, thread: thread === '' ? undefined : thread, last }] : []
    })
  } catch {
    // Not ours: begin as if there had been nothing.
    return []
  }
}

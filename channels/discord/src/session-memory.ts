import type { SessionInfo } from '@discordjs/ws'
import type { ChannelHost } from '@moltbot/contract'
import { isNewer, isSnowflake, timeOf } from './discord-id.ts'

/** Under this name it is kept in the account's durable state. */
const stateKey = 'session'
/** Places whose last message is remembered, so that they can be caught up. The place that was silent longest is forgotten first. */
const placesMax = 200
const saveDelayMs = 1_000
/** Once this many later events are done, a number that never came is not waited for. */
const gapMax = 200

export interface RememberedPlace {
  id: string
  /** The last message that is durable here. */
  last: string
  /** The server it is in; absent: a direct chat. */
  guild?: string
}

/** What an account remembers of its session with Discord, so that nothing is missed over a break or a restart. */
export interface SessionMemory {
  /** For the SDK: the session to resume, with the number up to which everything is durable; null: there is none. */
  retrieve(): SessionInfo | null
  /** A session began. */
  begin(session: SessionInfo): Promise<void>
  /** The session cannot be resumed; what was missed meanwhile has to be caught up by history. */
  drop(): Promise<void>
  /** False: this event is known already. */
  receive(sequence: number): boolean
  /** Everything about this event is durable, or it is nothing. */
  finish(sequence: number): void
  /** A message of a place is durable. */
  reached(place: RememberedPlace): void
  places(): RememberedPlace[]
  /** Whether messages may have been missed that no resume will bring. */
  needsCatchUp(): boolean
  caughtUp(): void
  /** How many events are under way. */
  open(): number
  close(): Promise<void>
}

interface Kept { session?: SessionInfo; places?: RememberedPlace[]; catchUp?: boolean }

export async function loadSessionMemory(host: Pick<ChannelHost, 'state' | 'clock' | 'log'>, acceptsGateway: (url: string) => boolean): Promise<SessionMemory> {
  const kept = parse(await host.state.get(stateKey))
  let session = kept.session !== undefined && acceptsGateway(kept.session.resumeURL) ? kept.session : undefined
  let catchUp = kept.catchUp === true || (session === undefined && (kept.places ?? []).length > 0)
  const places = new Map((kept.places ?? []).map((place) => [place.id, place]))
  let running = new Set<number>()
  let done = new Set<number>()
  let cancelSave: (() => void) | undefined
  let saving: Promise<void> = Promise.resolve()

  function save(): Promise<void> {
    cancelSave?.()
    cancelSave = undefined
    const value = JSON.stringify({ session, places: [...places.values()], catchUp } satisfies { [Key in keyof Kept]: Kept[Key] | undefined })
    saving = saving.then(() => host.state.set(stateKey, value)).catch((error: unknown) => {
      // Losing this costs repetitions, which are recognised; it must not cost the connection.
      host.log.warn('discord: the place in the stream could not be written down', { error: error instanceof Error ? error.message : String(error) })
    })
    return saving
  }
  function saveSoon(): void {
    cancelSave ??= host.clock.after(saveDelayMs, () => void save())
  }

  function advance(): void {
    if (session === undefined) return
    let { sequence } = session
    while (done.delete(sequence + 1)) sequence += 1
    if (running.size === 0 && done.size > gapMax) {
      sequence = Math.max(...done)
      done.clear()
    }
    if (sequence === session.sequence) return
    session = { ...session, sequence }
    saveSoon()
  }

  return {
    retrieve: () => session ?? null,
    async begin(started) {
      if (session?.sessionId === started.sessionId) return
      catchUp ||= places.size > 0
      session = started
      running = new Set()
      done = new Set()
      await save()
    },
    async drop() {
      if (session === undefined) return
      session = undefined
      catchUp ||= places.size > 0
      await save()
    },
    receive(sequence) {
      if (session === undefined || sequence <= session.sequence || running.has(sequence) || done.has(sequence)) return false
      running.add(sequence)
      return true
    },
    finish(sequence) {
      if (!running.delete(sequence)) return
      done.add(sequence)
      advance()
    },
    reached(place) {
      const before = places.get(place.id)
      if (before !== undefined && !isNewer(place.last, before.last)) return
      places.delete(place.id)
      places.set(place.id, place)
      const oldest = places.size > placesMax ? places.keys().next().value : undefined
      if (oldest !== undefined) places.delete(oldest)
      saveSoon()
    },
    places: () => [...places.values()],
    needsCatchUp: () => catchUp,
    caughtUp() {
      if (!catchUp) return
      catchUp = false
      saveSoon()
    },
    open: () => running.size,
    async close() {
      if (cancelSave !== undefined) await save()
      else await saving
    },
  }
}

/** What was kept, as far as it is usable: another version, or nobody, may have written it. */
function parse(text: string | undefined): Kept {
  if (text === undefined) return {}
  try {
    const value = JSON.parse(text) as { session?: Partial<SessionInfo>; places?: unknown; catchUp?: unknown }
    const kept: Kept = { catchUp: value.catchUp === true }
    const { session } = value
    if (typeof session?.sessionId === 'string' && typeof session.resumeURL === 'string' && Number.isSafeInteger(session.sequence)) {
      kept.session = { sessionId: session.sessionId, resumeURL: session.resumeURL, sequence: session.sequence as number, shardCount: 1, shardId: 0 }
    }
    if (Array.isArray(value.places)) kept.places = value.places.filter((place): place is RememberedPlace => isSnowflake(place?.id) && isSnowflake(place.last) && timeOf(place.last) > 0)
    return kept
  } catch {
    // Not ours: begin as if there had been nothing.
    return {}
  }
}

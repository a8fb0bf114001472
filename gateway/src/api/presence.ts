import type { Clock } from '@moltbot/contract'

/** Someone or something present at the gateway, as on the wire. `ts` is epoch ms; absent fields are unknown. */
export interface PresenceEntry {
  host?: string
  ip?: string
  version?: string
  platform?: string
  deviceFamily?: string
  modelIdentifier?: string
  mode?: string
  lastInputSeconds?: number
  reason?: string
  deviceId?: string
  roles?: string[]
  scopes?: string[]
  instanceId?: string
  tags?: string[]
  text?: string
  timeZone?: string
  clientId?: string
  ts: number
}

/** Who is here. Kept in memory only; the gateway itself is always the newest entry. */
export interface Presence {
  /** Newest first; at most 200, none older than 5 minutes except connected clients. */
  list(): PresenceEntry[]
  /** Adds or refreshes what `key` (device id, instance id or connection id) tells about itself. Undefined fields leave what was known. */
  update(key: string, entry: Omit<PresenceEntry, 'ts'>): void
  /** Marks a client as present until `disconnected` is called with the same connection id. */
  connected(connectionId: string, key: string, entry: Omit<PresenceEntry, 'ts'>): void
  disconnected(connectionId: string): void
  /** Calls back after every change, once per change. The door answers with a `presence` event. Returns how to stop. */
  onChange(listener: () => void): () => void
  /** The versions that ride on `presence` and `health` events and in hello. */
  versions(): { presence: number; health: number }
  /** The health summary changed: returns the new versions, to be sent with the `health` event. */
  healthChanged(): { presence: number; health: number }
}

const ttlMs = 5 * 60_000
const entriesMax = 200

export function createPresence(options: { clock: Clock; version: string; host: string; ip: string | undefined; platform: string }): Presence {
  const { clock } = options
  const entries = new Map<string, PresenceEntry>()
  const keyOf = new Map<string, string>()
  const listeners = new Set<() => void>()
  let presenceVersion = 1
  let healthVersion = 1

  const changed = (): void => {
    presenceVersion += 1
    for (const listener of listeners) listener()
  }
  const connectedKeys = (): Set<string> => new Set(keyOf.values())
  const prune = (): void => {
    const live = connectedKeys()
    for (const [key, entry] of entries) if (!live.has(key) && clock.now() - entry.ts > ttlMs) entries.delete(key)
    const idle = [...entries].filter(([key]) => !live.has(key)).sort((a, b) => a[1].ts - b[1].ts)
    for (const [key] of idle.slice(0, Math.max(0, entries.size - entriesMax))) entries.delete(key)
  }
  const set = (key: string, entry: Omit<PresenceEntry, 'ts'>): void => {
    const known = Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined))
    entries.set(key, { ...entries.get(key), ...known, ts: clock.now() })
    prune()
    changed()
  }
  const self = (): PresenceEntry => ({
    host: options.host,
    ...(options.ip === undefined ? {} : { ip: options.ip }),
    version: options.version,
    platform: options.platform,
    mode: 'gateway',
    reason: 'self',
    text: `Gateway: ${options.host}${options.ip === undefined ? '' : ` (${options.ip})`} · app ${options.version} · mode gateway · reason self`,
    ts: clock.now(),
  })

  return {
    list() {
      prune()
      const others = [...entries.values()].sort((a, b) => b.ts - a.ts).slice(0, entriesMax - 1)
      return [self(), ...others]
    },
    update: set,
    connected(connectionId, key, entry) {
      keyOf.set(connectionId, key)
      set(key, entry)
    },
    disconnected(connectionId) {
      const key = keyOf.get(connectionId)
      if (key === undefined) return
      keyOf.delete(connectionId)
      if (connectedKeys().has(key)) return
      set(key, { reason: 'disconnect' })
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    versions: () => ({ presence: presenceVersion, health: healthVersion }),
    healthChanged() {
      healthVersion += 1
      return { presence: presenceVersion, health: healthVersion }
    },
  }
}

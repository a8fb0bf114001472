import type { Caller } from './caller.ts'

/** How one event reaches connections. */
export interface BroadcastOptions {
  /**
   * True: a connection that cannot keep up misses this event (streaming deltas, ticks, presence). False or absent: a
   * connection that cannot take it is closed with 1008 `slow consumer`, so a client never believes it saw everything when it did not.
   */
  droppable?: boolean
  /** The versions to carry beside the event (`presence`, `health`). */
  stateVersion?: { presence: number; health: number }
}

/** What the event writer may do to the connected clients. Never throws, never waits: a frame is handed to each socket's buffer. */
export interface Broadcast {
  /**
   * Sends one event to every connected client. `payload` is asked once per connection, so that it can shape by
   * `caller.protocol`, filter by `caller.subscriptions` or `caller.scopes`; undefined leaves that connection out.
   * It should build each shape once and return the same object: equal objects are serialised once.
   */
  toAll(event: string, payload: (caller: Caller) => unknown, options?: BroadcastOptions): void
  /** The same for the connections of one caller id; nothing when it is gone. */
  toCaller(callerId: string, event: string, payload: unknown, options?: BroadcastOptions): void
  /** Who is connected now, in the order of their connecting. */
  callers(): readonly Caller[]
}

/**
 * Turns what happens in the rooms into events of the wire. Written in `events.ts`; the door starts it when it listens.
 * The door itself sends `connect.challenge`, `tick`, `presence`, `device.pair.requested`, `device.pair.resolved` and `shutdown`
 * (their sources are `presence.ts`, `devices.ts` and the door's own closing); every other event is the writer's.
 */
export interface WireEvents {
  /** Begins to listen to the rooms. Returns how to stop. */
  start(broadcast: Broadcast): () => void
  /** The names of the events it may send, for `hello-ok`'s `features.events`; without the door's own. */
  names(protocol: 3 | 4): readonly string[]
}

import { signal, type ReadonlySignal } from '@preact/signals'

/** The page's views beside the conversation, as the list of rooms has them. */
export const rooms = ['home', 'approvals', 'people', 'channels', 'agents', 'automations', 'usage', 'security', 'logs', 'settings'] as const
/** `onboarding` is led to while there is something to set up; nobody goes there every day. */
export type RoomName = (typeof rooms)[number] | 'onboarding'

const enterable: readonly RoomName[] = [...rooms, 'onboarding']

/** Where on the page a person is, kept in the address behind the `#`: `#agent:main:main` a session, `#/security` a room. */
export interface Place {
  /** Undefined: the conversation. */
  room: ReadonlySignal<RoomName | undefined>
  enter(room: RoomName): void
  /** The session the address names, if any. */
  read(): string | undefined
  /** Shows this session's conversation. */
  write(key: string): void
  /** Names the session where the address names nothing yet. */
  settle(key: string): void
  /** After the browser went back or forward; tells the session that is now named. */
  follow(): string | undefined
}

/** What a place needs of the browser. */
export interface AddressBar {
  hash(): string
  push(hash: string): void
  replace(hash: string): void
}

export function createPlace(bar: AddressBar): Place {
  const named = (): string => {
    try {
      return decodeURIComponent(bar.hash().slice(1))
    } catch {
      // A hash that is no text names nothing.
      return ''
    }
  }
  const roomNamed = (): RoomName | undefined => enterable.find((name) => named() === `/${name}`)
  const sessionNamed = (): string | undefined => (named().startsWith('agent:') ? named() : undefined)
  const room = signal(roomNamed())
  const go = (hash: string): void => {
    if (bar.hash() === hash) return
    if (bar.hash() === '') bar.replace(hash)
    else bar.push(hash)
  }
  const hashOf = (key: string): string => `#${encodeURIComponent(key).replaceAll('%3A', ':')}`
  return {
    room,
    enter(next) {
      go(`#/${next}`)
      room.value = next
    },
    read: sessionNamed,
    write(key) {
      go(hashOf(key))
      room.value = undefined
    },
    settle(key) {
      if (room.value === undefined) go(hashOf(key))
    },
    follow() {
      room.value = roomNamed()
      return sessionNamed()
    },
  }
}

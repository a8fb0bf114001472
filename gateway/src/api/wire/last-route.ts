import type { ChatRef } from '@moltbot/contract'
import type { Rooms } from '../rooms.ts'
import { ownWayIn } from './history.ts'

/** The place a session's reply also goes to when a client asks for `deliver`: where it was last spoken in, when that is a network. */
export function lastRoute(rooms: Pick<Rooms, 'channels'>, lastChat: ChatRef | null | undefined): ChatRef | undefined {
  return lastChat === null || lastChat === undefined || ownWayIn(rooms, lastChat.channel) ? undefined : lastChat
}

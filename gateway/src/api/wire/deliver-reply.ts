import type { ChatRef, PrincipalId } from '@moltbot/contract'
import { describeError } from '@moltbot/contract'
import type { Rooms } from '../rooms.ts'
import { ownWayIn } from './history.ts'
import { runEnd } from './run-end.ts'

/** The place a session's reply also goes to when a client asks for `deliver`: where it was last spoken in, when that is a network. */
export function lastRoute(rooms: Pick<Rooms, 'channels'>, lastChat: ChatRef | null | undefined): ChatRef | undefined {
  return lastChat === null || lastChat === undefined || ownWayIn(rooms, lastChat.channel) ? undefined : lastChat
}

/**
 * Sends the reply of a run to one more place once it is there. The wish lives in memory: a gateway that stops in between
 * answers the client as always and does not send it on. Never rejects.
 */
export async function deliverReply(rooms: Pick<Rooms, 'sessions' | 'runs' | 'outbox' | 'log' | 'clock'>, runId: string, chat: ChatRef, principal: PrincipalId): Promise<void> {
  try {
    const end = await runEnd(rooms, runId, undefined)
    if (end?.text === null || end?.text === undefined || end.text === '') return
    await rooms.outbox.send({ chat, markdown: end.text, principal, key: `deliver-${runId}` })
  } catch (error) {
    rooms.log.error('a reply could not be sent on', { run: runId, error: describeError(error) })
  }
}

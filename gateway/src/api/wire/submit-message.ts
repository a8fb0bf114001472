import type { Attachment, ChatId, Door, PlatformMessageId, SenderId, SessionKey, TurnWishes } from '@moltbot/contract'
import { Problem } from '@moltbot/contract'
import type { InboxRow } from '../../journey/inbox/types.ts'
import type { Caller } from '../caller.ts'
import type { Rooms } from '../rooms.ts'
import { failureOf } from './run-end.ts'

/** Which of our own ways in a client uses. */
function doorFor(rooms: Pick<Rooms, 'doors'>, caller: Pick<Caller, 'client'>): Door {
  const terminal = caller.client.mode === 'cli' || /(^|-)tui$/.test(caller.client.id) || /-tui$/.test(caller.client.displayName ?? '')
  const door = terminal ? rooms.doors('terminal') ?? rooms.doors('browser') : rooms.doors('browser') ?? rooms.doors('terminal')
  if (door === undefined) throw new Problem('door-closed', 'This gateway takes no messages from the page or the terminal.', { next: 'Switch channels.web or channels.terminal on in the configuration.' })
  return door
}

export interface Submission {
  /** The client's name for it; the message's id in our channel. */
  runId: string
  key: SessionKey
  text: string
  attachments: Attachment[]
  wishes: TurnWishes
}

export type Submitted =
  | { kind: 'started' }
  /** Seen before; `row` says how far it is. */
  | { kind: 'repeated'; row: InboxRow | undefined }

/**
 * Puts a client's words into the journey. Resolves once they are durable. Events of the session wait until the caller's
 * answer is on the wire. Throws `Problem('message-refused')`, `Problem('door-closed')`.
 */
export async function submitMessage(rooms: Pick<Rooms, 'doors' | 'runs' | 'clock' | 'inbox'>, caller: Caller, submission: Submission): Promise<Submitted> {
  const door = doorFor(rooms, caller)
  const handle = rooms.runs.begin(submission.runId, submission.key)
  try {
    const receipt = await door.submit({
      id: submission.runId as PlatformMessageId,
      chat: submission.key as string as ChatId,
      sender: { id: caller.principal.id as string as SenderId, ...(caller.principal.name === undefined ? {} : { name: caller.principal.name }) },
      sentAt: rooms.clock.now(),
      text: submission.text,
      attachments: submission.attachments,
      mentioned: 'yes',
      session: submission.key,
      ...(Object.keys(submission.wishes).length === 0 ? {} : { wishes: submission.wishes }),
    })
    if (receipt.kind === 'refused') {
      handle.dropped()
      throw new Problem('message-refused', receipt.reason)
    }
    if (receipt.kind === 'duplicate') {
      handle.dropped()
      return { kind: 'repeated', row: await rooms.inbox.get(receipt.id) }
    }
    handle.accepted(receipt.id)
    return { kind: 'started' }
  } catch (error) {
    if (handle.run.inbox === null) handle.dropped()
    throw error
  } finally {
    // The door answers in the same tick as the method returns; the next tick may tell about the run.
    setImmediate(handle.release)
  }
}

/** How a repetition is answered: by how far the first one is. */
export function repeatStatus(row: InboxRow | undefined): { status: 'in_flight' | 'ok' | 'error'; summary?: string } {
  if (row === undefined || row.end === null) return { status: 'in_flight' }
  const summary = failureOf({ end: row.end, detail: row.endDetail })
  return summary === undefined ? { status: 'ok' } : { status: 'error', summary }
}

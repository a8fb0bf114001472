import type { ChatId, InboxId, SessionKey } from '@moltbot/contract'
import type { EntryRow } from '../../journey/sessions/types.ts'
import type { Rooms } from '../rooms.ts'
import { showDelivery, showEntry } from './message.ts'
import type { WireMessage } from './message.ts'

/** The most one history answer may weigh, as JSON. */
const historyBytesMax = 6 * 1024 * 1024
/** For so many of the newest messages of people the client's own name is looked up; older echoes are long reconciled. */
const namedMessagesMax = 100

/** The last entries of a session as messages, oldest first, never heavier than `bytesMax`. `more`: older ones exist or were left out. */
export async function readHistory(
  rooms: Pick<Rooms, 'sessions' | 'inbox' | 'runs' | 'channels' | 'outbox'>, key: SessionKey, options: { limit: number; offset?: number; bytesMax?: number; protocol: 3 | 4 },
): Promise<{ messages: WireMessage[]; more: boolean; lastEntryId: string | undefined }> {
  const offset = options.offset ?? 0
  const wanted = options.limit + offset
  const read = await rooms.sessions.history(key, wanted)
  const entries = offset === 0 ? read : read.slice(0, Math.max(0, read.length - offset))
  const names = await messageNames(rooms, entries)
  const said = entries.flatMap((entry) => showEntry(entry, options.protocol, named(rooms, entry, names)) ?? [])
  const shown = await withSent(rooms, key, said, offset === 0)
  const bytesMax = Math.min(options.bytesMax ?? historyBytesMax, historyBytesMax)
  let bytes = 2
  let first = shown.length
  while (first > 0) {
    bytes += Buffer.byteLength(JSON.stringify(shown[first - 1])) + 1
    if (bytes > bytesMax) break
    first -= 1
  }
  return { messages: shown.slice(first), more: first > 0 || read.length >= wanted, lastEntryId: entries.at(-1)?.id }
}

/** The lines with what was sent among them and is none: files, and answers to tap. `toTheEnd`: nothing was said after the last one. */
async function withSent(rooms: Pick<Rooms, 'outbox'>, key: SessionKey, said: readonly WireMessage[], toTheEnd: boolean): Promise<WireMessage[]> {
  const first = said[0]?.timestamp
  const last = said.at(-1)?.timestamp
  if (first === undefined || last === undefined) return [...said]
  const sent = (await rooms.outbox.besideTurns(key as string as ChatId)).filter(({ createdAt }) => createdAt >= first && (toTheEnd || createdAt <= last))
  return sent.length === 0 ? [...said] : [...said, ...sent.map(showDelivery)].sort((a, b) => a.timestamp - b.timestamp)
}

/** The name under which a client sent the first message of an entry; undefined when it came from a network. */
export async function messageName(rooms: Pick<Rooms, 'inbox' | 'runs' | 'channels'>, inbox: InboxId): Promise<string | undefined> {
  const run = rooms.runs.ofInbox(inbox)
  if (run !== undefined) return run.id
  const row = await rooms.inbox.get(inbox)
  if (row === undefined || !ownWayIn(rooms, row.chat.channel)) return undefined
  return row.message.id
}

/** Whether a channel is a way in of our own, whose message ids are names clients gave. */
export function ownWayIn(rooms: Pick<Rooms, 'channels'>, channel: string): boolean {
  return rooms.channels.some((known) => known.id === channel && known.senders === 'authenticated')
}

async function messageNames(rooms: Pick<Rooms, 'inbox' | 'runs' | 'channels'>, entries: readonly EntryRow[]): Promise<Map<InboxId, string>> {
  const ids = entries.flatMap((entry) => (entry.body.kind === 'user' ? entry.body.inbox.slice(0, 1) : [])).slice(-namedMessagesMax)
  const names = await Promise.all(ids.map(async (id) => [id, await messageName(rooms, id)] as const))
  return new Map(names.flatMap(([id, name]) => (name === undefined ? [] : [[id, name] as const])))
}

function named(rooms: Pick<Rooms, 'runs'>, entry: EntryRow, names: ReadonlyMap<InboxId, string>): { idempotencyKey?: string; runId?: string } {
  const inbox = entry.body.kind === 'user' ? entry.body.inbox[0] : undefined
  const idempotencyKey = inbox === undefined ? undefined : names.get(inbox)
  const runId = entry.turnId === null ? undefined : rooms.runs.nameOf(entry.turnId) ?? entry.turnId
  return { ...(idempotencyKey === undefined ? {} : { idempotencyKey }), ...(runId === undefined ? {} : { runId }) }
}

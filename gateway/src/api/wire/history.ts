import type { ChatId, InboxId, SessionKey } from '@moltbot/contract'
import type { InboxRow } from '../../journey/inbox/types.ts'
import type { EntryRow } from '../../journey/sessions/types.ts'
import type { Rooms } from '../rooms.ts'
import { showDelivery, showEntry } from './message.ts'
import type { WireMessage } from './message.ts'
import { progressOf, type Progress } from './progress.ts'

/** The most one history answer may weigh, as JSON. */
const historyBytesMax = 6 * 1024 * 1024
/** For so many of the newest messages of people the ledger is asked: under which name they came and how far they are. Older ones are long settled. */
const knownMessagesMax = 100
/** So many that wait for their turn are shown. */
const waitingMax = 50

type Ledger = Pick<Rooms, 'sessions' | 'inbox' | 'runs' | 'channels' | 'outbox'>

/** The last entries of a session as messages, oldest first, never heavier than `bytesMax`. `more`: older ones exist or were left out. */
export async function readHistory(
  rooms: Ledger, key: SessionKey, options: { limit: number; offset?: number; bytesMax?: number; protocol: 3 | 4 },
): Promise<{ messages: WireMessage[]; more: boolean; lastEntryId: string | undefined }> {
  const offset = options.offset ?? 0
  const wanted = options.limit + offset
  const read = await rooms.sessions.history(key, wanted)
  const entries = offset === 0 ? read : read.slice(0, Math.max(0, read.length - offset))
  const known = await messagesKnown(rooms, entries)
  const said = entries.flatMap((entry) => showEntry(entry, options.protocol, factsOf(rooms, entry, known)) ?? [])
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

/** What people said in a session and what is no line of it yet, because its turn has not begun; oldest first. Without files, whose names stand below the words. */
export async function readWaiting(rooms: Ledger, key: SessionKey): Promise<WireMessage[]> {
  const open = (await rooms.inbox.open()).filter(({ sessionKey, message }) => sessionKey === key && message.follows === undefined && message.job === undefined)
  if (open.length === 0) return []
  const entries = await rooms.sessions.history(key, knownMessagesMax)
  const lines = new Set(entries.flatMap(({ body }) => (body.kind === 'user' ? body.inbox : body.kind === 'command' ? [body.inbox] : [])))
  return Promise.all(open.filter(({ id }) => !lines.has(id)).slice(0, waitingMax).map(async (row): Promise<WireMessage> => {
    const name = nameIn(rooms, row)
    const text = [row.message.text, ...row.message.attachments.map(({ fileName, kind }) => `[${fileName ?? kind}]`)].filter((part) => part !== '').join('\n')
    return {
      role: 'user', content: [{ type: 'text', text }], timestamp: Math.round(row.receivedAt), inboxId: row.id, progress: await progressOf(rooms, row),
      ...(name === undefined ? {} : { idempotencyKey: `${name}:user` }), ...(name !== undefined || row.message.sender.name === undefined ? {} : { senderLabel: row.message.sender.name }),
    }
  }))
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
  return row === undefined ? undefined : nameIn(rooms, row)
}

function nameIn(rooms: Pick<Rooms, 'channels'>, row: InboxRow): string | undefined {
  return ownWayIn(rooms, row.chat.channel) ? row.message.id : undefined
}

/** Whether a channel is a way in of our own, whose message ids are names clients gave. */
export function ownWayIn(rooms: Pick<Rooms, 'channels'>, channel: string): boolean {
  return rooms.channels.some((known) => known.id === channel && known.senders === 'authenticated')
}

interface Known { name: string | undefined; progress: Progress }

/** The messages behind the newest lines of people, by the first of them. */
async function messagesKnown(rooms: Ledger, entries: readonly EntryRow[]): Promise<Map<InboxId, Known>> {
  const ids = entries.flatMap((entry) => messageOf(entry) ?? []).slice(-knownMessagesMax)
  const known = await Promise.all(ids.map(async (id): Promise<[InboxId, Known] | undefined> => {
    const row = await rooms.inbox.get(id)
    return row === undefined ? undefined : [id, { name: rooms.runs.ofInbox(id)?.id ?? nameIn(rooms, row), progress: await progressOf(rooms, row) }]
  }))
  return new Map(known.filter((each) => each !== undefined))
}

/** The message a line of a person's began with. */
export function messageOf({ body }: EntryRow): InboxId | undefined {
  if (body.kind === 'command') return body.by === 'person' ? body.inbox : undefined
  return body.kind === 'user' ? body.inbox[0] : undefined
}

function factsOf(rooms: Pick<Rooms, 'runs'>, entry: EntryRow, all: ReadonlyMap<InboxId, Known>): { idempotencyKey?: string; runId?: string; progress?: Progress } {
  const message = messageOf(entry)
  const known = message === undefined ? undefined : all.get(message)
  const runId = entry.turnId === null ? undefined : rooms.runs.nameOf(entry.turnId) ?? entry.turnId
  return { ...(known?.name === undefined ? {} : { idempotencyKey: known.name }), ...(known === undefined ? {} : { progress: known.progress }), ...(runId === undefined ? {} : { runId }) }
}

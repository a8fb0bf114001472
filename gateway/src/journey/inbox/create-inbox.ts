import {
  Problem, type ChatRef, type Clock, type InboxId, type IncomingMessage, type NewId, type PrincipalId, type Row, type SenderId, type SessionKey, type Sql, type Store, type TurnId, type Tx,
} from '@moltbot/contract'
import { hidePasted, reword, type HideSecrets } from './hide-pasted.ts'
import { inPlainWords } from './plain-words.ts'
import { refusal } from './refusal.ts'
import type { EndState, Inbox, InboxRow } from './types.ts'

/** So much is kept of a message that was denied, in UTF-16 units. */
const deniedTextMax = 200

/** The reason that marks a group message as heard but not addressed to us. */
export const notAddressed = 'not addressed'

function toRow(row: Row): InboxRow {
  return {
    id: row['id'] as InboxId,
    principal: row['principal'] as PrincipalId | null,
    chat: JSON.parse(String(row['place'])) as ChatRef,
    message: JSON.parse(String(row['message'])) as IncomingMessage,
    receivedAt: Number(row['received_at']),
    sessionKey: row['session_key'] as SessionKey | null,
    turnId: row['turn_id'] as TurnId | null,
    attempts: Number(row['attempts']),
    end: row['end_state'] as EndState | null,
    endDetail: row['end_detail'] as string | null,
    endedAt: row['ended_at'] as number | null,
  }
}

export interface InboxRoom extends Inbox {
  /** Takes the words and attachments out of what a session was sent; ids and ends stay, so that nothing is taken a second time. Resolves with the rows it changed. */
  forget(tx: Tx, key: SessionKey): Promise<InboxId[]>
  /** Rows of one turn, in order of arrival. */
  ofTurn(on: Sql, turn: TurnId): Promise<InboxRow[]>
  /** Ends every open row of a turn the same way. Resolves with the rows it ended. */
  endTurn(tx: Tx, turn: TurnId, end: EndState, detail?: string): Promise<InboxRow[]>
  /** Counts one more start with this row unfinished. Resolves with the count so far. */
  countAttempt(tx: Tx, id: InboxId): Promise<number>
  /** Messages of a chat that were heard but not addressed to us, since the last one that was; oldest first. */
  backlog(chat: ChatRef, before: number, most: number): Promise<InboxRow[]>
  /** By the network's id alone, newest first: what a client of the door knows its message by. */
  byPlatformId(platformId: string): Promise<InboxRow | undefined>
  /** By the network's id, newest first, of one sender in some channels, and in one chat where it is given. */
  ofClient(platformId: string, of: { channels: readonly string[]; sender: string; chat?: string }): Promise<InboxRow | undefined>
  /** Who this person is on an account, by what they wrote there last, in this chat before any other; undefined: they never did. */
  senderIn(chat: Pick<ChatRef, 'channel' | 'account' | 'chat'>, principal: PrincipalId): Promise<SenderId | undefined>
  /** The message its sender wrote before this one in the same chat; undefined when it is their first. */
  before(message: IncomingMessage): Promise<InboxId | undefined>
  /** Changes what the sender wrote, for a secret that got another name when it was kept. Resolves with the row as it is now. */
  reword(tx: Tx, row: InboxRow, change: (text: string) => string): Promise<InboxRow>
  /** Hears of every row that got its end state, after the commit. */
  onEnd(listener: (row: InboxRow) => void): void
}

export function createInbox(options: {
  store: Store; clock: Clock; newId: NewId
  /** Finds what must not be written down. Absent: everything is kept as it came. */
  hide?: HideSecrets
}): InboxRoom {
  const { store, clock, newId, hide = (text) => ({ text, found: [] }) } = options
  const listeners: ((row: InboxRow) => void)[] = []
  const columns = 'id, principal, place, message, received_at, session_key, turn_id, attempts, end_state, end_detail, ended_at'

  const load = async (on: Sql, id: InboxId): Promise<InboxRow | undefined> => {
    const row = await on.get(`SELECT ${columns} FROM inbox WHERE id = ?`, id)
    return row === undefined ? undefined : toRow(row)
  }

  const ofTurn = async (on: Sql, turn: TurnId): Promise<InboxRow[]> =>
    (await on.all(`SELECT ${columns} FROM inbox WHERE turn_id = ? ORDER BY received_at, id`, turn)).map(toRow)

  /** Of what nobody may say here its beginning is kept, and no file: a flood of it must not fill the disk. */
  const shorten = async (tx: Tx, { id, message: { quoted, ...message } }: InboxRow): Promise<void> => {
    if (message.text.length <= deniedTextMax && message.attachments.length === 0 && quoted === undefined) return
    await tx.run('UPDATE inbox SET message = ? WHERE id = ?', JSON.stringify({ ...message, text: message.text.slice(0, deniedTextMax).toWellFormed(), attachments: [] }), id)
  }

  const end = async (tx: Tx, id: InboxId, state: EndState, detail?: string): Promise<boolean> => {
    const changed = await tx.run(
      'UPDATE inbox SET end_state = ?, end_detail = ?, ended_at = ? WHERE id = ? AND end_state IS NULL', state, detail ?? null, clock.now(), id,
    )
    if (changed === 0) return false
    const row = await load(tx, id)
    if (row !== undefined && state === 'denied' && detail !== notAddressed) await shorten(tx, row)
    if (row !== undefined) tx.afterCommit(() => listeners.forEach((listener) => listener(row)))
    return true
  }

  return {
    async accept(tx, incoming) {
      const reason = refusal(incoming)
      if (reason !== undefined) return { kind: 'refused', reason }
      // Before anything is written: what is on the disk once is in every copy of it.
      const { message, pasted } = hidePasted(inPlainWords(incoming), hide)
      const { channel, account, chat } = message.chat
      const id = newId('in') as InboxId
      for (const platformId of new Set([message.id, ...(message.joinedIds ?? [])])) {
        const fresh = await tx.run(
          'INSERT INTO inbox_seen (channel, account, chat, platform_id, inbox_id) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
          channel, account, chat, platformId, id,
        )
        if (fresh === 1) continue
        const first = await tx.get<{ inbox_id: string }>(
          'SELECT inbox_id FROM inbox_seen WHERE channel = ? AND account = ? AND chat = ? AND platform_id = ?', channel, account, chat, platformId,
        )
        if (platformId === message.id) return { kind: 'duplicate', id: (first?.inbox_id ?? id) as InboxId }
      }
      const receivedAt = clock.now()
      await tx.run(
        'INSERT INTO inbox (id, channel, account, chat, thread, platform_id, sender, place, message, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        id, channel, account, chat, message.chat.thread ?? null, message.id, message.sender.id, JSON.stringify(message.chat), JSON.stringify(message), receivedAt,
      )
      return {
        kind: 'accepted',
        id,
        pasted,
        row: {
          id, principal: null, chat: message.chat, message, receivedAt, sessionKey: null, turnId: null, attempts: 0, end: null, endDetail: null, endedAt: null,
        },
      }
    },
    async assign(tx, id, facts) {
      await tx.run(
        'UPDATE inbox SET principal = COALESCE(?, principal), session_key = COALESCE(?, session_key), turn_id = COALESCE(?, turn_id) WHERE id = ?',
        facts.principal ?? null, facts.sessionKey ?? null, facts.turnId ?? null, id,
      )
    },
    async forget(tx, key) {
      const rows = (await tx.all(`SELECT ${columns} FROM inbox WHERE session_key = ? AND end_state IS NOT NULL`, key)).map(toRow)
      for (const { id, message: { quoted: _, ...message } } of rows) await tx.run('UPDATE inbox SET message = ? WHERE id = ?', JSON.stringify({ ...message, text: '', attachments: [] }), id)
      return rows.map(({ id }) => id)
    },
    end,
    get: (id) => load(store.read, id),
    async find(text) {
      if (text.length < 3) throw new Problem('id-too-short', 'Give at least three characters of the id.')
      const rows = await store.read.all(
        `SELECT ${columns} FROM inbox WHERE id = ? OR (id >= ? AND id < ?) OR platform_id = ? ORDER BY received_at DESC LIMIT 20`,
        text, text, `${text}\uffff`, text,
      )
      return rows.map(toRow)
    },
    async open() {
      return (await store.read.all(`SELECT ${columns} FROM inbox WHERE end_state IS NULL ORDER BY received_at, id`)).map(toRow)
    },
    async counts() {
      const row = await store.read.get(
        `SELECT (SELECT COUNT(*) FROM inbox) AS total, (SELECT COUNT(*) FROM inbox WHERE end_state IS NULL) AS open,
           (SELECT COUNT(*) FROM inbox WHERE end_state IS NULL AND received_at < ?) AS stuck`,
        clock.now() - 60_000,
      )
      return { open: Number(row?.['open'] ?? 0), stuck: Number(row?.['stuck'] ?? 0), total: Number(row?.['total'] ?? 0) }
    },
    ofTurn,
    async endTurn(tx, turn, state, detail) {
      const ended: InboxRow[] = []
      for (const row of await ofTurn(tx, turn)) if (await end(tx, row.id, state, detail)) ended.push(row)
      return ended
    },
    async countAttempt(tx, id) {
      const row = await tx.get<{ attempts: number }>('UPDATE inbox SET attempts = attempts + 1 WHERE id = ? RETURNING attempts', id)
      return Number(row?.attempts ?? 0)
    },
    async backlog(chat, before, most) {
      const thread = chat.thread ?? ''
      const rows = await store.read.all(
        `SELECT ${columns} FROM inbox WHERE channel = ? AND account = ? AND chat = ? AND COALESCE(thread, '') = ? AND received_at <= ? AND end_state = 'denied' AND end_detail = ?
           AND received_at > COALESCE((SELECT MAX(received_at) FROM inbox AS earlier WHERE earlier.channel = ? AND earlier.account = ? AND earlier.chat = ?
             AND COALESCE(earlier.thread, '') = ? AND earlier.received_at < ? AND (earlier.end_state IS NULL OR earlier.end_state <> 'denied')), 0)
         ORDER BY received_at DESC, id DESC LIMIT ?`,
        chat.channel, chat.account, chat.chat, thread, before, notAddressed, chat.channel, chat.account, chat.chat, thread, before, most,
      )
      return rows.map(toRow).reverse()
    },
    async byPlatformId(platformId) {
      const row = await store.read.get(`SELECT ${columns} FROM inbox WHERE platform_id = ? ORDER BY received_at DESC LIMIT 1`, platformId)
      return row === undefined ? undefined : toRow(row)
    },
    async ofClient(platformId, { channels, sender, chat }) {
      const row = await store.read.get(
        `SELECT ${columns} FROM inbox WHERE platform_id = ? AND sender = ? AND channel IN (${channels.map(() => '?').join(', ')})${chat === undefined ? '' : ' AND chat = ?'}
         ORDER BY received_at DESC, id DESC LIMIT 1`,
        platformId, sender, ...channels, ...(chat === undefined ? [] : [chat]),
      )
      return row === undefined ? undefined : toRow(row)
    },
    async senderIn({ channel, account, chat }, principal) {
      const row = await store.read.get('SELECT sender FROM inbox WHERE channel = ? AND account = ? AND principal = ? ORDER BY (chat = ?) DESC, received_at DESC LIMIT 1', channel, account, principal, chat)
      return row?.['sender'] as SenderId | undefined
    },
    async before(message) {
      const { channel, account, chat } = message.chat
      const row = await store.read.get<{ id: string }>(
        `SELECT id FROM inbox WHERE channel = ? AND account = ? AND chat = ? AND sender = ? AND platform_id <> ? AND received_at <= COALESCE(
           (SELECT MAX(received_at) FROM inbox WHERE channel = ? AND account = ? AND chat = ? AND platform_id = ?), ?) ORDER BY received_at DESC, id DESC LIMIT 1`,
        channel, account, chat, message.sender.id, message.id, channel, account, chat, message.id, clock.now(),
      )
      return row?.id as InboxId | undefined
    },
    async reword(tx, row, change) {
      const message = reword(row.message, change)
      await tx.run('UPDATE inbox SET message = ? WHERE id = ?', JSON.stringify(message), row.id)
      return { ...row, message }
    },
    onEnd(listener) {
      listeners.push(listener)
    },
  }
}

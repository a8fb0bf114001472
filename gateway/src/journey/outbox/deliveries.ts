import { createHash } from 'node:crypto'
import {
  type ChatRef, type Clock, type DeliveryId, type DeliveryKey, type InboxId, type Migration, type NewId, type OutgoingButton, type PlatformMessageId, type PrincipalId, type Row, type Sql,
  type Store, type TurnId, type Tx,
} from '@moltbot/contract'
import type { DeliveryFile, DeliveryRow, DeliveryState } from './types.ts'

export const outboxMigration: Migration = {
  name: '0001-outbox',
  sql: `CREATE TABLE deliveries (id TEXT PRIMARY KEY, turn_id TEXT, inbox_id TEXT, part INTEGER NOT NULL, principal TEXT NOT NULL, channel TEXT NOT NULL, account TEXT NOT NULL,
          chat TEXT NOT NULL, place TEXT NOT NULL, message_key TEXT NOT NULL UNIQUE, markdown TEXT NOT NULL, reply_to TEXT, state TEXT NOT NULL, platform_id TEXT,
          attempts INTEGER NOT NULL DEFAULT 0, resent INTEGER NOT NULL DEFAULT 0, error TEXT, created_at INTEGER NOT NULL, due_at INTEGER NOT NULL, settled_at INTEGER, draft INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX deliveries_open ON deliveries (created_at) WHERE settled_at IS NULL;
        CREATE INDEX deliveries_turn ON deliveries (turn_id);
        CREATE INDEX deliveries_inbox ON deliveries (inbox_id)`,
}

/** `file_hash`: these bytes are still needed. */
export const outboxFilesMigration: Migration = {
  name: '0002-outbox-files',
  sql: `ALTER TABLE deliveries ADD COLUMN file TEXT; ALTER TABLE deliveries ADD COLUMN file_hash TEXT; ALTER TABLE deliveries ADD COLUMN buttons TEXT;
        CREATE INDEX deliveries_file ON deliveries (file_hash) WHERE file_hash IS NOT NULL`,
}

export const outboxButtonsMigration: Migration = { name: '0003-outbox-buttons', sql: 'CREATE INDEX deliveries_buttons ON deliveries (created_at) WHERE buttons IS NOT NULL' }

/** `buttons_over`: since when (epoch ms) the buttons answer nothing any more. */
export const outboxSpentButtonsMigration: Migration = { name: '0004-outbox-spent-buttons', sql: 'ALTER TABLE deliveries ADD COLUMN buttons_over INTEGER' }

/** The idempotency key of a part: the same part has the same key after any number of crashes. */
export function deliveryKey(owner: string, part: number): DeliveryKey {
  return createHash('sha256').update(`${owner}/${part}`).digest('hex').slice(0, 32) as DeliveryKey
}

/** Under which name the answer to a message stands for a further place: no part of the turn, so that how it ends is not told as how the turn ended. */
export const sentOnOwner = (inbox: InboxId): string => `${inbox}/also`

/** A delivery with what only this room needs to know. */
export interface StoredDelivery extends DeliveryRow {
  /** Not to be tried again before (epoch ms). */
  dueAt: number
  /** How often it was sent again after an uncertain attempt. */
  resends: number
  /** A live preview of an unfinished answer: its text is not final yet. */
  draft: boolean
}

function toDelivery(row: Row): StoredDelivery {
  return {
    id: row['id'] as DeliveryId, turnId: row['turn_id'] as TurnId | null, inboxId: row['inbox_id'] as InboxId | null, part: Number(row['part']),
    principal: row['principal'] as PrincipalId, chat: JSON.parse(String(row['place'])) as ChatRef, key: row['message_key'] as DeliveryKey,
    markdown: String(row['markdown']), replyTo: row['reply_to'] as PlatformMessageId | null, ...parsed<'file', DeliveryFile>('file', row['file']), ...parsed<'buttons' | 'spentButtons', OutgoingButton[]>(row['buttons_over'] === null ? 'buttons' : 'spentButtons', row['buttons']), state: row['state'] as DeliveryState,
    platformId: row['platform_id'] as PlatformMessageId | null, attempts: Number(row['attempts']), resends: Number(row['resent']), resent: Number(row['resent']) > 0, error: row['error'] as string | null,
    createdAt: Number(row['created_at']), settledAt: row['settled_at'] as number | null, dueAt: Number(row['due_at']), draft: row['draft'] === 1,
  }
}

function parsed<Name extends string, T>(name: Name, text: unknown): Partial<Record<Name, T>> {
  return typeof text === 'string' ? ({ [name]: JSON.parse(text) as T } as Partial<Record<Name, T>>) : {}
}

/** The table of this room as named queries. The only file of the room that holds SQL. */
export function createDeliveries(options: { store: Store; clock: Clock; newId: NewId }) {
  const { store, clock, newId } = options
  return {
    /** Writes one intended part, ready to be sent. A part that exists already (a live preview) takes the final words. */
    async put(tx: Tx, part: {
      owner: string; part: number; turnId: TurnId | null; inboxId: InboxId | null; principal: PrincipalId; chat: ChatRef; markdown: string
      replyTo: PlatformMessageId | null; draft: boolean; key?: DeliveryKey; file?: DeliveryFile | undefined; buttons?: readonly OutgoingButton[] | undefined
      /** `sending`: the caller tries it right after the commit. */
      state: 'queued' | 'sending'
    }): Promise<StoredDelivery> {
      const now = clock.now()
      const key = part.key ?? deliveryKey(part.owner, part.part)
      const row = await tx.get(
        `INSERT INTO deliveries (id, turn_id, inbox_id, part, principal, channel, account, chat, place, message_key, markdown, reply_to, state, created_at, due_at, draft, file, file_hash, buttons)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (message_key) DO UPDATE SET markdown = excluded.markdown, draft = excluded.draft RETURNING *`,
        newId('de'), part.turnId, part.inboxId, part.part, part.principal, part.chat.channel, part.chat.account, part.chat.chat, JSON.stringify(part.chat), key,
        part.markdown, part.replyTo, part.state, now, now, part.draft ? 1 : 0,
        part.file === undefined ? null : JSON.stringify(part.file), part.file?.sha256 ?? null, part.buttons === undefined ? null : JSON.stringify(part.buttons),
      )
      return toDelivery(row as Row)
    },
    async get(on: Sql, id: DeliveryId): Promise<StoredDelivery | undefined> {
      const row = await on.get('SELECT * FROM deliveries WHERE id = ?', id)
      return row === undefined ? undefined : toDelivery(row)
    },
    async byKey(on: Sql, key: DeliveryKey): Promise<StoredDelivery | undefined> {
      const row = await on.get('SELECT * FROM deliveries WHERE message_key = ?', key)
      return row === undefined ? undefined : toDelivery(row)
    },
    async save(tx: Tx, id: DeliveryId, facts: { state: DeliveryState; platformId?: PlatformMessageId | null; attempts?: number; resends?: number; error?: string | null; dueAt?: number; settled?: boolean; keepsFile?: boolean }): Promise<void> {
      await tx.run(
        `UPDATE deliveries SET state = ?, platform_id = COALESCE(?, platform_id), attempts = COALESCE(?, attempts), resent = COALESCE(?, resent), error = ?, due_at = COALESCE(?, due_at),
           settled_at = COALESCE(?, settled_at), file_hash = CASE WHEN ? THEN NULL ELSE file_hash END WHERE id = ?`,
        facts.state, facts.platformId ?? null, facts.attempts ?? null, facts.resends ?? null, facts.error ?? null, facts.dueAt ?? null,
        facts.settled === true ? clock.now() : null, facts.settled === true && facts.keepsFile !== true ? 1 : 0, id,
      )
    },
    /** The message it stood in can't be used any more: the part is to be sent anew. */
    async forgetPlatformId(tx: Tx, id: DeliveryId, key: DeliveryKey): Promise<void> {
      await tx.run('UPDATE deliveries SET platform_id = NULL, message_key = ? WHERE id = ?', key, id)
    },
    /** The network does not take the file: these words go out in its place. */
    async sayInstead(tx: Tx, id: DeliveryId, markdown: string): Promise<void> {
      await tx.run("UPDATE deliveries SET markdown = ?, file = NULL, file_hash = NULL, state = 'queued' WHERE id = ?", markdown, id)
    },
    async ofTurn(on: Sql, turn: TurnId): Promise<StoredDelivery[]> {
      return (await on.all('SELECT * FROM deliveries WHERE turn_id = ? ORDER BY part', turn)).map(toDelivery)
    },
    async ofInbox(on: Sql, id: InboxId): Promise<StoredDelivery[]> {
      return (await on.all('SELECT * FROM deliveries WHERE inbox_id = ? ORDER BY created_at, part', id)).map(toDelivery)
    },
    /** The parts of an answer that went to a further place, in order. */
    async sentOn(on: Sql, id: InboxId): Promise<StoredDelivery[]> {
      const parts: StoredDelivery[] = []
      for (let part = await this.byKey(on, deliveryKey(sentOnOwner(id), 0)); part !== undefined; part = await this.byKey(on, deliveryKey(sentOnOwner(id), parts.length))) parts.push(part)
      return parts
    },
    async find(text: string): Promise<StoredDelivery[]> {
      return (await store.read.all('SELECT * FROM deliveries WHERE id = ? OR message_key = ? OR platform_id = ? LIMIT 5', text, text, text)).map(toDelivery)
    },
    /** What was sent there with a file that is still kept, or by itself with buttons: a question of a turn stands where its turn does. */
    async besideTurns(chat: ChatRef['chat']): Promise<StoredDelivery[]> {
      return (await store.read.all("SELECT * FROM deliveries WHERE (file_hash IS NOT NULL OR (buttons IS NOT NULL AND inbox_id IS NULL)) AND chat = ? AND state = 'sent' ORDER BY created_at, part", chat)).map(toDelivery)
    },
    /** What stands, or will stand, with buttons below it. */
    async withButtons(): Promise<StoredDelivery[]> {
      return (await store.read.all('SELECT * FROM deliveries WHERE buttons IS NOT NULL AND buttons_over IS NULL ORDER BY created_at')).map(toDelivery)
    },
    async endButtons(tx: Tx, id: DeliveryId): Promise<void> {
      await tx.run('UPDATE deliveries SET buttons_over = ? WHERE id = ?', Math.trunc(clock.now()), id)
    },
    /** Whether a row still needs these bytes. */
    async needsFile(sha256: string): Promise<boolean> {
      return (await store.read.get('SELECT 1 FROM deliveries WHERE file_hash = ? LIMIT 1', sha256)) !== undefined
    },
    /** Takes the words and files out of what went out; that it did, and where to, stays. */
    async forget(tx: Tx, owners: { turns: readonly TurnId[]; inbox: readonly InboxId[]; chats?: readonly string[] }): Promise<void> {
      for (const chat of owners.chats ?? []) await tx.run("UPDATE deliveries SET markdown = '', file = NULL, file_hash = NULL, buttons = NULL WHERE chat = ? AND (file_hash IS NOT NULL OR buttons IS NOT NULL) AND settled_at IS NOT NULL", chat)
      for (const turn of owners.turns) await tx.run("UPDATE deliveries SET markdown = '', file = NULL, file_hash = NULL, buttons = NULL WHERE turn_id = ? AND settled_at IS NOT NULL", turn)
      for (const id of owners.inbox) {
        await tx.run("UPDATE deliveries SET markdown = '', file = NULL, file_hash = NULL, buttons = NULL WHERE inbox_id = ? AND settled_at IS NOT NULL", id)
        for (const part of await this.sentOn(tx, id)) await tx.run("UPDATE deliveries SET markdown = '' WHERE id = ? AND settled_at IS NOT NULL", part.id)
      }
    },
    /** Everything not settled, in the order it was meant to go out. */
    async open(): Promise<StoredDelivery[]> {
      return (await store.read.all('SELECT * FROM deliveries WHERE settled_at IS NULL ORDER BY created_at, part, id')).map(toDelivery)
    },
    /** Live previews nobody completed yet. */
    async drafts(): Promise<StoredDelivery[]> {
      return (await store.read.all('SELECT * FROM deliveries WHERE settled_at IS NULL AND draft = 1 ORDER BY created_at, id')).map(toDelivery)
    },
    async counts(): Promise<{ waiting: number; ambiguous: number; failed: number }> {
      const row = await store.read.get(
        `SELECT (SELECT COUNT(*) FROM deliveries WHERE settled_at IS NULL) AS waiting,
           (SELECT COUNT(*) FROM deliveries WHERE state = 'ambiguous' OR resent > 0) AS ambiguous, (SELECT COUNT(*) FROM deliveries WHERE state = 'failed' AND draft = 0) AS failed`,
      )
      return { waiting: Number(row?.['waiting'] ?? 0), ambiguous: Number(row?.['ambiguous'] ?? 0), failed: Number(row?.['failed'] ?? 0) }
    },
  }
}
export type Deliveries = ReturnType<typeof createDeliveries>

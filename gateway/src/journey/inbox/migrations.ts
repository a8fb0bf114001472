import type { Migration } from '@moltbot/contract'

export const inboxMigration: Migration = {
  name: '0001-inbox',
  sql: `CREATE TABLE inbox (id TEXT PRIMARY KEY, channel TEXT NOT NULL, account TEXT NOT NULL, chat TEXT NOT NULL, platform_id TEXT NOT NULL,
          principal TEXT, sender TEXT NOT NULL, place TEXT NOT NULL, message TEXT NOT NULL, received_at INTEGER NOT NULL, session_key TEXT, turn_id TEXT,
          attempts INTEGER NOT NULL DEFAULT 0, end_state TEXT, end_detail TEXT, ended_at INTEGER);
        CREATE INDEX inbox_open ON inbox (received_at) WHERE end_state IS NULL;
        CREATE INDEX inbox_turn ON inbox (turn_id);
        CREATE INDEX inbox_platform ON inbox (platform_id);
        CREATE INDEX inbox_chat ON inbox (channel, account, chat, received_at);
        CREATE TABLE inbox_seen (channel TEXT NOT NULL, account TEXT NOT NULL, chat TEXT NOT NULL, platform_id TEXT NOT NULL, inbox_id TEXT NOT NULL,
          PRIMARY KEY (channel, account, chat, platform_id))`,
}

/** The thread a message was written in beside its chat, so that what was heard in one topic is not used up by another. */
export const inboxThreadMigration: Migration = { name: '0002-inbox-thread', sql: 'ALTER TABLE inbox ADD COLUMN thread TEXT' }

import type { Migration } from '@moltbot/contract'

/** The tables of the record, in order. Rows from before the chain get places below 0 and no mac: what begins the chain covers them. */
export const auditMigrations: readonly Migration[] = [
  {
    name: '0001-audit',
    sql: `CREATE TABLE audit (id TEXT PRIMARY KEY, at INTEGER NOT NULL, act TEXT NOT NULL, principal TEXT, subject TEXT NOT NULL,
            outcome TEXT NOT NULL, reason TEXT NOT NULL, facts TEXT);
          CREATE INDEX audit_subject ON audit (subject, at)`,
  },
  {
    name: '0002-audit-chain',
    sql: `ALTER TABLE audit ADD COLUMN seq INTEGER;
          ALTER TABLE audit ADD COLUMN place TEXT;
          ALTER TABLE audit ADD COLUMN correlation TEXT;
          ALTER TABLE audit ADD COLUMN mac TEXT;
          UPDATE audit SET seq = -numbered.place FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY at DESC, id DESC) AS place FROM audit) AS numbered WHERE numbered.id = audit.id;
          CREATE UNIQUE INDEX audit_seq ON audit (seq);
          CREATE TABLE audit_checkpoints (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, seq INTEGER NOT NULL, mac TEXT NOT NULL, at INTEGER NOT NULL,
            rows INTEGER NOT NULL, key TEXT NOT NULL, signature TEXT NOT NULL)`,
  },
]

import type { Migration } from '@moltbot/contract'

/**
 * The door's tables. Nothing that opens anything is stored: tokens and cookies as SHA-256 (they are 256 random bits), and
 * what binds them to the gateway's secret as an HMAC keyed by the token itself, which the table does not have.
 */
export const doorMigration: Migration = {
  name: '0002-door',
  sql: `
CREATE TABLE devices (
  id TEXT PRIMARY KEY,
  principal TEXT NOT NULL,
  public_key TEXT NOT NULL,
  display_name TEXT,
  platform TEXT,
  client_id TEXT,
  client_mode TEXT,
  remote_ip TEXT,
  grants TEXT NOT NULL,
  approved_via TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  approved_at INTEGER NOT NULL
);
CREATE TABLE device_pairing (
  id TEXT PRIMARY KEY,
  device_id TEXT NOT NULL UNIQUE,
  principal TEXT NOT NULL,
  public_key TEXT NOT NULL,
  display_name TEXT,
  platform TEXT,
  client_id TEXT,
  client_mode TEXT,
  remote_ip TEXT,
  role TEXT NOT NULL,
  scopes TEXT NOT NULL,
  is_repair INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE TABLE device_tokens (
  digest TEXT PRIMARY KEY,
  device_id TEXT NOT NULL,
  principal TEXT NOT NULL,
  role TEXT NOT NULL,
  scopes TEXT NOT NULL,
  bound_to TEXT,
  created_at INTEGER NOT NULL,
  rotated_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER
);
CREATE INDEX device_tokens_by_device ON device_tokens (device_id, role);
CREATE TABLE browser_sessions (
  digest TEXT PRIMARY KEY,
  principal TEXT NOT NULL,
  bound_to TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
)`,
}

/** Where a browser signed in and when it last proved itself, links that sign in once, guesses that outlive a restart, and what the door counts. */
export const doorIdentityMigration: Migration = {
  name: '0005-door-identity',
  sql: `
DELETE FROM browser_sessions;
ALTER TABLE browser_sessions ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE browser_sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';
ALTER TABLE browser_sessions ADD COLUMN address TEXT;
ALTER TABLE browser_sessions ADD COLUMN via TEXT NOT NULL DEFAULT 'secret';
ALTER TABLE browser_sessions ADD COLUMN proved_at INTEGER NOT NULL DEFAULT 0;
CREATE TABLE sign_in_links (
  digest TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE TABLE door_attempts (
  name TEXT PRIMARY KEY,
  failures TEXT NOT NULL,
  locked_until INTEGER NOT NULL
);
CREATE TABLE door_state (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
)`,
}

/** What the review found last: which critical findings were noted, and of which the owner was told. */
export const doorReviewMigration: Migration = {
  name: '0007-door-review',
  sql: 'CREATE TABLE last_review (id INTEGER PRIMARY KEY, taken_at INTEGER NOT NULL, review TEXT NOT NULL, noted TEXT NOT NULL, told TEXT NOT NULL)',
}

/** Which signed-in browsers are devices that were linked by a code. */
export const doorDeviceBrowsersMigration: Migration = {
  name: '0008-door-device-browsers',
  sql: `ALTER TABLE browser_sessions ADD COLUMN kind TEXT NOT NULL DEFAULT 'browser'`,
}

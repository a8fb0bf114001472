import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describeError, type Logger, type Store, type Tx } from '@moltbot/contract'

/**
 * What the door knows apart from its database: a key that sign-ins are bound to, and how often something was taken away. A
 * database that was copied to another machine lacks the key, and one that was put back from an older copy is behind the count.
 */
export interface DoorFloor {
  key: Buffer
  /** Counts that something was taken away, in the transaction that takes it. */
  raise(tx: Tx): Promise<void>
}

/**
 * Opens (or makes, mode 600) the file, which belongs outside the state directory. A database older than the file loses its sign-ins and
 * device tokens. A file that cannot be kept is replaced by a key of this process, so that sign-ins end with it.
 */
export async function openDoorFloor(options: { store: Store; file: string; random: (bytes: number) => Buffer; log: Logger }): Promise<DoorFloor> {
  const { store, file, log } = options
  const kept = read(file)
  const key = kept?.key ?? options.random(32)
  let writable = true
  const write = (count: number): void => {
    if (!writable) return
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      writeFileSync(`${file}.new`, `${JSON.stringify({ key: key.toString('base64'), count })}\n`, { mode: 0o600 })
      chmodSync(`${file}.new`, 0o600)
      renameSync(`${file}.new`, file)
    } catch (error) {
      writable = false
      log.warn('The key of sign-ins cannot be kept; every start will ask people to sign in again.', { file, error: describeError(error) })
    }
  }
  const countIn = async (on: { get: Tx['get'] }): Promise<number> => Number((await on.get("SELECT value FROM door_state WHERE name = 'taken'"))?.['value'] ?? 0)
  const setCount = (tx: Tx, count: number): Promise<number> => tx.run("INSERT INTO door_state (name, value) VALUES ('taken', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", count)

  const inStore = await countIn(store.read)
  if (kept === undefined) write(inStore)
  else if (inStore < kept.count) {
    log.warn('The database is older than what was taken away since; sign-ins and device tokens in it no longer count.', { database: inStore, known: kept.count })
    await store.transaction(async (tx) => {
      await takeSignInsAway(tx)
      await setCount(tx, kept.count)
    })
  }
  return {
    key,
    async raise(tx) {
      const count = (await countIn(tx)) + 1
      await setCount(tx, count)
      tx.afterCommit(() => write(count))
    },
  }
}

/** Signs everybody out of a database that was put back from an older copy: what was taken away since may be in it. */
export async function takeSignInsAway(tx: Tx): Promise<void> {
  await tx.run('DELETE FROM browser_sessions')
  await tx.run('DELETE FROM sign_in_links')
  await tx.run('DELETE FROM device_tokens')
}

function read(file: string): { key: Buffer; count: number } | undefined {
  if (!existsSync(file)) return undefined
  try {
    const { key, count } = JSON.parse(readFileSync(file, 'utf8')) as { key?: unknown; count?: unknown }
    const bytes = Buffer.from(String(key), 'base64')
    return bytes.length === 32 && Number.isSafeInteger(count) ? { key: bytes, count: count as number } : undefined
  } catch {
    return undefined // Broken: a new key, and everybody signs in again.
  }
}

import { constants } from 'node:fs'
import { chmod, lstat, mkdir, open, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BackupKey, BackupManifest } from '@moltbot/contract'
import { databaseName } from './create-backup.ts'
import { backupProblems } from './problems.ts'
import { readBackup } from './read-backup.ts'

export interface RestoreOptions {
  file: string
  key: BackupKey
  stateDir: string
  /** A word that no other restoring uses, for the names beside the state directory. */
  mark: string
  /** What this version's database can be: names of all its steps. */
  steps: readonly string[]
  /** Throws where it may not be put in the place of what stands there. Nothing was written yet. */
  admit(manifest: BackupManifest): Promise<void>
  /** Looks at the restored state before it takes its place; whatever it throws keeps everything as it was. `keyText`: the vault's key, where the backup holds it. */
  ready(staged: string, manifest: BackupManifest, keyText: string | undefined): Promise<void>
}

/**
 * Puts a backup in the place of the state directory, which must be held by the caller. All of it is read and compared first; then it is written beside
 * the state directory, looked at, and moved into its place, and what stood there is moved aside. A failure on the way leaves everything as it was.
 */
export async function restoreBackup(options: RestoreOptions): Promise<{ manifest: BackupManifest; aside: string | undefined }> {
  const { file, key, stateDir, mark } = options
  const { manifest } = await readBackup(file, key)
  const unknown = manifest.steps.filter((step) => !options.steps.includes(step))
  if (unknown.length > 0) throw backupProblems.newer(unknown)
  await options.admit(manifest)
  const staged = `${stateDir}.restoring-${mark}`
  const aside = `${stateDir}.before-restore-${mark}`
  await mkdir(staged, { mode: 0o700 }).catch((error: unknown) => { throw backupProblems.place(stateDir, error) })
  try {
    const keyText = await writeTo(staged, file, key)
    await options.ready(staged, manifest, keyText)
    const stood = await lstat(stateDir).then(() => true, () => false)
    if (stood) await rename(stateDir, aside).catch((error: unknown) => { throw backupProblems.place(stateDir, error) })
    try {
      await rename(staged, stateDir)
    } catch (error) {
      if (stood) await rename(aside, stateDir)
      throw backupProblems.place(stateDir, error)
    }
    await syncFolder(dirname(stateDir))
    return { manifest, aside: stood ? aside : undefined }
  } catch (error) {
    await rm(staged, { recursive: true, force: true })
    throw error
  }
}

/** Writes the members into an empty folder: links last, so that nothing is ever written through one. */
async function writeTo(staged: string, file: string, key: BackupKey): Promise<string | undefined> {
  const links: { place: string; to: string }[] = []
  let keyText: string | undefined
  await readBackup(file, key, async ({ path, kind, mode, to }, content) => {
    if (!path.startsWith('state/')) {
      const pieces: Buffer[] = []
      for await (const piece of content) pieces.push(piece)
      if (kind === 'file') keyText = Buffer.concat(pieces).toString('utf8')
      return
    }
    const place = join(staged, path.slice('state/'.length))
    if (kind === 'link') return void links.push({ place, to })
    await mkdir(kind === 'folder' ? place : dirname(place), { recursive: true, mode: 0o700 })
    if (kind === 'folder') return
    // Nobody but the owner; what was executable for them stays so.
    const handle = await open(place, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
    try {
      for await (const piece of content) await handle.write(piece)
      await handle.chmod(0o600 | (mode & 0o100))
      await handle.sync()
    } finally {
      await handle.close()
    }
  })
  for (const { place, to } of links) {
    await mkdir(dirname(place), { recursive: true, mode: 0o700 })
    await symlink(to, place)
  }
  return keyText
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY)
  await handle.sync().finally(() => handle.close())
}

/** Reads a backup as `readBackup`, and has its database looked at in a folder that is gone afterwards. */
export async function verifyBackup(options: { file: string; key: BackupKey; scratch: string; checkDatabase(file: string): Promise<void> }): Promise<{ manifest: BackupManifest; bytes: number; database: 'ok' | 'none' }> {
  const { file, key, scratch } = options
  let held = false
  await mkdir(scratch, { recursive: true, mode: 0o700 })
  await chmod(scratch, 0o700)
  try {
    const place = join(scratch, 'moltbot.db')
    const read = await readBackup(file, key, async ({ path }, content) => {
      const handle = path === `state/${databaseName}` ? await open(place, 'wx', 0o600) : undefined
      try {
        for await (const piece of content) await handle?.write(piece)
      } finally {
        await handle?.close()
      }
      held ||= handle !== undefined
    })
    if (held) await options.checkDatabase(place)
    return { ...read, database: held ? 'ok' : 'none' }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

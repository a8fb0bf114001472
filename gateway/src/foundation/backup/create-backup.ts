import { createHash, type Hash } from 'node:crypto'
import { constants, type Dirent } from 'node:fs'
import { access, link, lstat, mkdir, mkdtemp, open, readdir, readlink, rm } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, normalize, relative, resolve } from 'node:path'
import type { BackupFile, BackupMade, BackupManifest, BackupTarget } from '@moltbot/contract'
import { encrypted } from './age-file.ts'
import { backupProblems } from './problems.ts'
import { archiveEnd, headerOf, paddingOf } from './tar.ts'

export const manifestName = 'manifest.json'
export const databaseName = 'sessions/moltbot.db'
export const keyName = 'key/vault.key'

export interface CreateOptions {
  stateDir: string
  /** Where it is written; nothing may stand there. */
  file: string
  target: BackupTarget
  version: string
  now: number
  vaultGeneration: number
  /** The vault's key file. Undefined: it is left out. */
  keyFile: string | undefined
  /** Writes a copy of the database as of one moment to a file that is not there yet, and says what it holds. Undefined: there is no database. */
  copyDatabase: ((to: string) => Promise<{ steps: string[]; recorded: number }>) | undefined
}

/** What is made anew, belongs to a process that runs, or is a backup itself. */
const leftOut = (path: string): boolean =>
  /^(?:logs|backups|spoken)$|^sessions\/(?:gateway\.lock|moltbot\.db(?:[-.].*)?)$|^[^/]+\.sock$|(?:^|\/)\.[^/]+\.\d+\.tmp$/.test(path)
// oxlint-disable-next-line no-control-regex -- these are what a name in an archive must not hold
const namable = (name: string): boolean => !/[\u0000-\u001f\u007f\\\ufffd]/.test(name)

/** Writes a backup. The file appears under its name only when it is whole and on the disk; nothing of it ever stands anywhere unsealed but a copy of the database beside the database. */
export async function createBackup(options: CreateOptions): Promise<BackupMade> {
  const { stateDir, file } = options
  await access(stateDir).catch(() => { throw backupProblems.nothing(stateDir) })
  if (await lstat(file).then(() => true, () => false)) throw backupProblems.exists(file)
  const folder = join(stateDir, 'backups')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of await readdir(folder)) if (name.startsWith('.copy-')) await rm(join(folder, name), { recursive: true, force: true })
  const copy = await mkdtemp(join(folder, '.copy-'))
  const partial = join(dirname(file), `.${basename(file)}.partial`)
  try {
    const database = await options.copyDatabase?.(join(copy, 'moltbot.db'))
    const left: string[] = []
    const files: BackupFile[] = []
    const manifest = (): BackupManifest => ({
      format: 'moltbot-backup-1', madeAt: options.now, version: options.version, from: stateDir, steps: database?.steps ?? [], recorded: database?.recorded ?? 0, vaultGeneration: options.vaultGeneration, files,
    })
    const members = membersOf(options, database === undefined ? undefined : join(copy, 'moltbot.db'), files, left, manifest, [resolve(file), resolve(partial)])
    await rm(partial, { force: true })
    const out = await open(partial, 'wx', 0o600)
    let bytes = 0
    try {
      await out.chmod(0o600)
      for await (const piece of await encrypted(members, options.target)) {
        await out.write(piece)
        bytes += piece.length
      }
      await out.sync()
    } finally {
      await out.close()
      await members.return(undefined)
    }
    // A hard link, unlike a rename, never replaces what somebody may have just put there.
    await link(partial, file).catch((error: NodeJS.ErrnoException) => { throw error.code === 'EEXIST' ? backupProblems.exists(file) : error })
    return { file, bytes, files: files.length, withKey: files.some(({ path }) => path === keyName), left }
  } finally {
    await rm(partial, { force: true })
    await rm(copy, { recursive: true, force: true })
  }
}

async function* membersOf(
  { stateDir, keyFile }: CreateOptions, database: string | undefined, files: BackupFile[], left: string[], manifest: () => BackupManifest, own: readonly string[],
): AsyncGenerator<Uint8Array> {
  const links: { path: string; to: string }[] = []
  if (database !== undefined) yield* fileOf(`state/${databaseName}`, database, files, left)
  const folders = ['']
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const entries: Dirent[] = await readdir(join(stateDir, folder), { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      const place = join(stateDir, path)
      if (leftOut(path) || own.includes(resolve(place))) continue
      if (!namable(entry.name) || path.length > 900) left.push(`${JSON.stringify(path.slice(0, 80))} has a name that no archive holds`)
      else if (entry.isDirectory()) {
        yield headerOf({ path: `state/${path}/`, kind: 'folder', mode: (await lstat(place)).mode, bytes: 0, to: '' })
        folders.push(path)
      } else if (entry.isFile()) yield* fileOf(`state/${path}`, place, files, left)
      else if (entry.isSymbolicLink()) links.push({ path, to: await readlink(place) })
      else left.push(`${path} is neither a file nor a folder`)
    }
  }
  for (const { path, to } of links) {
    if (!staysInside(path, to)) {
      left.push(`${path} is a link that leads elsewhere`)
      continue
    }
    files.push({ path: `state/${path}`, kind: 'link', bytes: 0, sha256: createHash('sha256').update(to).digest('hex') })
    yield headerOf({ path: `state/${path}`, kind: 'link', mode: 0o777, bytes: 0, to })
  }
  if (keyFile !== undefined) yield* fileOf(keyName, keyFile, files, left)
  const body = Buffer.from(JSON.stringify(manifest()))
  yield headerOf({ path: manifestName, kind: 'file', mode: 0o600, bytes: body.length, to: '' })
  yield body
  yield paddingOf(body.length)
  yield archiveEnd
}

async function* fileOf(path: string, place: string, files: BackupFile[], left: string[]): AsyncGenerator<Uint8Array> {
  const handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    left.push(`${path} could not be read (${error.code})`)
    return undefined
  })
  if (handle === undefined) return
  try {
    const { size, mode } = await handle.stat()
    yield headerOf({ path, kind: 'file', mode, bytes: size, to: '' })
    const hash: Hash = createHash('sha256')
    for (let at = 0; at < size;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(1 << 18, size - at)), 0, Math.min(1 << 18, size - at), at)
      if (bytesRead === 0) throw backupProblems.changed(path)
      at += bytesRead
      const piece = buffer.subarray(0, bytesRead)
      hash.update(piece)
      yield piece
    }
    yield paddingOf(size)
    files.push({ path, kind: 'file', bytes: size, sha256: hash.digest('hex') })
  } finally {
    await handle.close()
  }
}

/** Whether a link is relative and leads to something below the folder of the state it begins in. */
export function staysInside(path: string, to: string): boolean {
  if (to === '' || isAbsolute(to) || !namable(to)) return false
  const top = path.split('/')[0] ?? ''
  const way = relative(top, normalize(join(dirname(path), to)))
  return path.includes('/') && way !== '..' && !way.startsWith('../') && !isAbsolute(way)
}

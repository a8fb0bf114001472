import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { lstat, mkdir, open, readFile, readlink, realpath } from 'node:fs/promises'
import type { BigIntStats } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '@moltbot/contract'

/**
 * An open folder, and what is under it, by name. On Linux everything goes through `/proc/self/fd/<n>/<name>`, which the
 * kernel resolves from the open folder itself, like `openat`: no swap of a parent for a link can redirect it. Elsewhere the
 * path is used and compared with what was opened before and after, which closes the holes but for a race of the agent's own host.
 */
export interface HeldFolder {
  /** The folder's true path when it was opened. */
  path: string
  /** Where a child is, for one system call. Only for names that came from `parsePath` or from reading the folder. */
  child(name: string): string
  /** The device and, on Linux, the mount it is on. */
  place: Place
  handle: FileHandle
}
interface Place { device: bigint; mount: string | undefined }

const byDescriptor = process.platform === 'linux'
/** Absent on Windows, where a link cannot be opened this way by an ordinary user either. */
const noFollow = constants.O_NOFOLLOW ?? 0
const folderFlags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | noFollow

/** Opens the workspace itself. The way to it is the owner's and may contain links. */
export async function openRoot(root: string): Promise<HeldFolder> {
  let path: string
  try {
    path = await realpath(root)
  } catch (cause) {
    throw new Problem('workspace-missing', 'The workspace folder does not exist.', { cause, next: 'Create it or correct agents.defaults.workspace.' })
  }
  return hold(await openNamed(path, folderFlags), path)
}

async function hold(handle: FileHandle, path: string): Promise<HeldFolder> {
  try {
    const stats = await handle.stat({ bigint: true })
    if (!stats.isDirectory()) throw new Problem('not-a-folder', 'This is not a folder.')
    return {
      path,
      handle,
      place: { device: stats.dev, mount: await mountOf(handle) },
      child: (name) => (byDescriptor ? `/proc/self/fd/${handle.fd}/${name}` : join(path, name)),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Opens the folder `name` in `parent`, never through a link and never on another mount. Undefined: there is nothing of that name. */
export async function openFolder(parent: HeldFolder, name: string): Promise<HeldFolder | undefined> {
  const seen = await lookAt(parent, name)
  if (seen === undefined) return undefined
  if (seen.isSymbolicLink()) throw linkRefused()
  if (!seen.isDirectory()) throw new Problem('not-a-folder', `${name} is not a folder.`)
  const handle = await openNamed(parent.child(name), folderFlags)
  const folder = await hold(handle, join(parent.path, name))
  try {
    await refuseElsewhere(parent, folder.handle, name, seen)
    return folder
  } catch (error) {
    await handle.close()
    throw error
  }
}

/**
 * Opens the regular file `name` for reading. Undefined: there is nothing of that name. Refuses links, devices, pipes, sockets
 * (without ever waiting on one) and files with a second name, which may stand outside.
 */
export async function openFile(parent: HeldFolder, name: string): Promise<{ handle: FileHandle; stats: BigIntStats } | undefined> {
  const seen = await lookAt(parent, name)
  if (seen === undefined) return undefined
  refuseIrregular(seen, name)
  const handle = await openNamed(parent.child(name), constants.O_RDONLY | noFollow | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0))
  try {
    const stats = await handle.stat({ bigint: true })
    refuseIrregular(stats, name)
    await refuseElsewhere(parent, handle, name, seen)
    return { handle, stats }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Makes and opens a folder (700). Another maker at the same moment is no failure. */
export async function makeFolder(parent: HeldFolder, name: string): Promise<HeldFolder> {
  try {
    await mkdir(parent.child(name), { mode: 0o700 })
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw diskProblem(cause)
  }
  const made = await openFolder(parent, name)
  if (made === undefined) throw new Problem('file-changed', `${name} vanished while it was made.`)
  return made
}

/** What a name stands for, links themselves and not their targets. Undefined: nothing. */
export async function lookAt(parent: HeldFolder, name: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(parent.child(name), { bigint: true })
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw diskProblem(cause)
  }
}

export function refuseIrregular(stats: BigIntStats, name: string): void {
  if (stats.isSymbolicLink()) throw linkRefused()
  if (stats.isDirectory()) throw new Problem('not-a-file', `${name} is a folder.`, { next: 'List it instead.' })
  if (!stats.isFile()) throw new Problem('not-a-file', `${name} is not a regular file.`)
  if (stats.nlink > 1n) throw new Problem('hard-link-refused', `${name} has a second name elsewhere and is not touched.`, { next: 'Copy it to get a file of its own.' })
}

/** What was opened must be what was looked at, on the workspace's own mount, and still below the folder it was reached by. */
async function refuseElsewhere(parent: HeldFolder, handle: FileHandle, name: string, seen: BigIntStats): Promise<void> {
  const now = await handle.stat({ bigint: true })
  if (now.dev !== seen.dev || now.ino !== seen.ino) throw changedMeanwhile(name)
  if (now.dev !== parent.place.device || (await mountOf(handle)) !== parent.place.mount) {
    throw new Problem('mount-refused', `${name} is on another file system than the workspace.`, { next: 'Make the workspace itself that place instead.' })
  }
  if ((await truePath(handle, join(parent.path, name))) !== join(parent.path, name)) throw changedMeanwhile(name)
}

/** The open folder still stands where it was reached. */
export async function refuseMoved(folder: HeldFolder): Promise<void> {
  if ((await truePath(folder.handle, folder.path)) !== folder.path) throw changedMeanwhile('A folder on the way')
}

/** Where what is open truly stands now; undefined when that can no longer be told, which counts as moved. */
async function truePath(handle: FileHandle, expected: string): Promise<string | undefined> {
  try {
    return byDescriptor ? await readlink(`/proc/self/fd/${handle.fd}`) : await realpath(expected)
  } catch {
    // Gone or swapped this very moment: fail closed.
    return undefined
  }
}

/** Linux tells which mount a descriptor is on; a bind mount of the same disk shows only there. */
async function mountOf(handle: FileHandle): Promise<string | undefined> {
  if (!byDescriptor) return undefined
  const info = await readFile(`/proc/self/fdinfo/${handle.fd}`, 'utf8')
  return /^mnt_id:\s*(\d+)/m.exec(info)?.[1]
}

async function openNamed(path: string, flags: number, mode?: number): Promise<FileHandle> {
  try {
    return await open(path, flags, mode)
  } catch (cause) {
    throw diskProblem(cause)
  }
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** A system error in words, without the host's paths. */
export function diskProblem(cause: unknown): Problem {
  switch (codeOf(cause)) {
    case 'ELOOP':
    case 'EMLINK':
      return linkRefused()
    case 'ENOENT':
      return new Problem('file-missing', 'The file or folder does not exist.', { next: 'List the folder to see what is there.' })
    case 'ENOTDIR':
      return new Problem('not-a-folder', 'A step of this path is not a folder.')
    case 'EACCES':
    case 'EPERM':
      return new Problem('file-forbidden', 'The gateway may not open this file.')
    case 'ENAMETOOLONG':
      return new Problem('path-refused', 'This path is not allowed: it is too long.')
    case 'ENXIO':
    case 'ENODEV':
    case 'EISDIR':
      return new Problem('not-a-file', 'This is not a regular file.')
    case 'ENOSPC':
    case 'EDQUOT':
      return new Problem('disk-full', 'The disk is full.', { next: 'Free some space first.' })
    case 'EROFS':
      return new Problem('file-forbidden', 'The workspace is read-only.')
    case 'EMFILE':
    case 'ENFILE':
      return new Problem('disk-busy', 'Too many files are open.', { next: 'Try again in a moment.' })
    default:
      return new Problem('disk-failed', `The disk answered ${codeOf(cause) ?? 'with an error'}.`)
  }
}

function linkRefused(): Problem {
  return new Problem('link-refused', 'A step of this path is a link, and links are not followed.', { next: 'Use the real place inside the workspace.' })
}

function changedMeanwhile(name: string): Problem {
  return new Problem('file-changed', `${name} was replaced while it was opened.`, { next: 'Try again.' })
}

import { constants } from 'node:fs'
import { open, opendir, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Clock, FileEntry, FileMatch, FileReader, FileWriter, NewId } from '@moltbot/contract'
import { Problem } from '@moltbot/contract'
import type { HeldFolder } from './held-folder.ts'
import { codeOf, diskProblem, lookAt, makeFolder, openFile, openFolder, openRoot, refuseIrregular, refuseMoved } from './held-folder.ts'
import { matchGlob } from './match-glob.ts'
import type { LineMatcher } from './line-matcher.ts'
import { patternMatcher, wordsMatcher } from './line-matcher.ts'
import { parsePath } from './parse-path.ts'
import { holdsKeys, refuseProtected, temporaryName } from './protected-paths.ts'

/** The contract's limits. */
const textBytesMax = 10 * 1024 * 1024
const imageBytesMax = 5 * 1000 * 1000
const entriesMax = 1_000
const searchBytesMax = 1024 * 1024
/** Ours: names read of one folder, folders and files one search visits, bytes it reads, characters of a line it shows. */
const namesMax = 50_000
const visitedMax = 20_000
const searchTotalMax = 256 * 1024 * 1024
const lineShownMax = 400
/** Searches and recursive listings do not enter these by themselves: machine-made, huge, never what a person means. */
const passedOver: readonly string[] = ['.git', 'node_modules']

export interface WorkspaceOptions {
  /** Absolute path. It need not exist yet; operations then fail with `Problem('workspace-missing')`. */
  root: string
  clock: Clock
  newId: NewId
  /** Who writes is a person at their own files, not an agent: what is obeyed by itself (`skills`) may be written too. */
  byHand?: true
}

/** The file grants, and whole files as bytes for the rooms that make something of them. */
export interface WorkspaceFiles extends FileReader, FileWriter {
  /** Rejects with a `Problem` like `read`, and when the file is larger than `bytesMax`. */
  readBytes(path: string, bytesMax: number): Promise<Buffer>
  /** Writes a whole file like `write`, of whatever size the caller allowed. */
  writeBytes(path: string, bytes: Buffer): Promise<void>
}

/** The two file grants over one workspace. Every operation opens its way from the root anew and holds nothing in between. */
export function workspaceFiles(options: WorkspaceOptions): WorkspaceFiles {
  let writing: Promise<unknown> = Promise.resolve()
  /** One write at a time in a workspace: then "only if unchanged" means what it says. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = writing.then(work)
    writing = next.catch(() => 'told to whoever asked; the next one may go on')
    return next
  }

  return {
    async read(path) {
      const steps = parsePath(path)
      refuseProtected(steps, 'read')
      return withFile(options.root, steps, async (handle, stats) => {
        if (stats.size > BigInt(textBytesMax)) throw tooLarge(path, '10 MiB')
        const bytes = await readAll(handle, textBytesMax)
        if (bytes === undefined) throw tooLarge(path, '10 MiB')
        const text = decode(bytes)
        if (text === undefined) throw new Problem('file-binary', `${path} is not a text file.`, { next: 'Images can be looked at by their file name; other formats need a tool of their own.' })
        return { text, lines: text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0), modifiedAt: modified(stats) }
      })
    },

    async readBytes(path, bytesMax) {
      const steps = parsePath(path)
      refuseProtected(steps, 'read')
      return withFile(options.root, steps, async (handle, stats) => {
        const bytes = stats.size > BigInt(bytesMax) ? undefined : await readAll(handle, bytesMax)
        if (bytes === undefined) throw tooLarge(path, `${Math.floor(bytesMax / 1_048_576)} MiB`)
        return bytes
      })
    },

    async readImage(path) {
      const steps = parsePath(path)
      refuseProtected(steps, 'read')
      return withFile(options.root, steps, async (handle, stats) => {
        if (stats.size > BigInt(imageBytesMax)) return undefined
        const bytes = await readAll(handle, imageBytesMax)
        const mimeType = bytes === undefined ? undefined : imageType(bytes)
        return bytes === undefined || mimeType === undefined ? undefined : { mimeType, data: bytes.toString('base64') }
      })
    },

    async list(path, depth) {
      const steps = parsePath(path, { folder: true })
      return withFolder(options.root, steps, async (folder) => {
        const entries: FileEntry[] = []
        const more = await listInto(entries, folder, steps, Math.max(1, Math.min(depth, 8)))
        return { entries, more }
      })
    },

    async search(query) {
      const steps = parsePath(query.path, { folder: true })
      const matcher = query.regex ? patternMatcher(query.text, query.ignoreCase, options.clock) : wordsMatcher(query.text, query.ignoreCase)
      const walk: Search = {
        matcher,
        wanted: query.glob === undefined ? () => true : matchGlob(query.glob),
        matchesMax: Math.max(1, Math.min(query.matchesMax, 1_000)),
        from: steps.length,
        matches: [],
        more: false,
        visited: 0,
        bytes: 0,
      }
      try {
        const root = options.root
        const file = steps.length > 0 && (await isFile(root, steps))
        if (file) await withParent(root, steps, (parent, name) => searchFile(walk, parent, steps.slice(0, -1), name, 'named'))
        else await withFolder(root, steps, (folder) => searchFolder(walk, folder, steps))
        return { matches: walk.matches, more: walk.more }
      } finally {
        matcher.close()
      }
    },

    write: (path, text, writeOptions) => inTurn(() => writeText(options, path, text, writeOptions?.onlyIfModifiedAt)),
    writeBytes: (path, bytes) => inTurn(async () => void (await writeFile(options, path, bytes, undefined))),
  }
}

// ---- reaching a place ----

/** Opens the way step by step, hands over the last folder and closes everything again. */
async function withFolder<T>(root: string, steps: readonly string[], use: (folder: HeldFolder) => Promise<T>, make = false): Promise<T> {
  let folder = await openRoot(root)
  try {
    for (const step of steps) {
      let next = await openFolder(folder, step)
      if (next === undefined) {
        if (!make) throw missing(steps)
        await refuseTwin(folder, step)
        next = await makeFolder(folder, step)
      }
      await folder.handle.close()
      folder = next
    }
    return await use(folder)
  } finally {
    await folder.handle.close()
  }
}

function withParent<T>(root: string, steps: readonly string[], use: (parent: HeldFolder, name: string) => Promise<T>, make = false): Promise<T> {
  const name = steps.at(-1)
  if (name === undefined) throw new Problem('not-a-file', 'This is a folder.')
  return withFolder(root, steps.slice(0, -1), (parent) => use(parent, name), make)
}

function withFile<T>(root: string, steps: readonly string[], use: (handle: FileHandle, stats: { size: bigint; mtimeNs: bigint }) => Promise<T>): Promise<T> {
  return withParent(root, steps, async (parent, name) => {
    const file = await openFile(parent, name)
    if (file === undefined) throw missing(steps)
    try {
      return await use(file.handle, file.stats)
    } finally {
      await file.handle.close()
    }
  })
}

function isFile(root: string, steps: readonly string[]): Promise<boolean> {
  return withParent(root, steps, async (parent, name) => {
    const stats = await lookAt(parent, name)
    if (stats === undefined) throw missing(steps)
    return !stats.isDirectory()
  })
}

/** Names of a folder, sorted. `more`: there were too many to read them all. */
async function namesIn(folder: HeldFolder): Promise<{ names: string[]; more: boolean }> {
  const names: string[] = []
  let more = false
  try {
    // The extra `.` makes the kernel walk from the open folder.
    for await (const entry of await opendir(folder.child('.'))) {
      if (names.length >= namesMax) {
        more = true
        break
      }
      if (!temporaryName.test(entry.name)) names.push(entry.name)
    }
  } catch (cause) {
    throw diskProblem(cause)
  }
  return { names: names.sort(), more }
}

// ---- listing and searching ----

/** True: something was left out. */
async function listInto(entries: FileEntry[], folder: HeldFolder, steps: readonly string[], depth: number): Promise<boolean> {
  const { names, more } = await namesIn(folder)
  let left = more
  for (const name of names) {
    if (entries.length >= entriesMax) return true
    const stats = await lookAt(folder, name)
    if (stats === undefined) continue
    const kind = stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : 'other'
    const path = [...steps, name]
    entries.push({ path: path.join('/'), kind, bytes: kind === 'file' ? Number(stats.size) : 0, modifiedAt: modified(stats) })
    if (kind !== 'folder' || depth <= 1 || passedOver.includes(name)) continue
    const inner = await reachable(folder, name)
    if (inner === undefined) continue
    try {
      left = (await listInto(entries, inner, path, depth - 1)) || left
    } finally {
      await inner.handle.close()
    }
  }
  return left
}

interface Search {
  matcher: LineMatcher
  wanted(steps: readonly string[]): boolean
  matchesMax: number
  /** Steps of the folder searched in: a pattern speaks of what is below it. */
  from: number
  matches: FileMatch[]
  more: boolean
  visited: number
  bytes: number
}

async function searchFolder(walk: Search, folder: HeldFolder, steps: readonly string[]): Promise<void> {
  const { names, more } = await namesIn(folder)
  if (more) walk.more = true
  for (const name of names) {
    if (walk.more && walk.matches.length >= walk.matchesMax) return
    if (++walk.visited > visitedMax || walk.bytes > searchTotalMax) {
      walk.more = true
      return
    }
    const stats = await lookAt(folder, name)
    if (stats === undefined) continue
    const path = [...steps, name]
    if (stats.isFile()) {
      if (walk.wanted(path.slice(walk.from)) || walk.wanted(path)) await searchFile(walk, folder, steps, name)
    } else if (stats.isDirectory() && !passedOver.includes(name) && path.length < 32) {
      const inner = await reachable(folder, name)
      if (inner === undefined) continue
      try {
        await searchFolder(walk, inner, path)
      } finally {
        await inner.handle.close()
      }
    }
  }
}

/** `named`: the person named this very file, so that a refusal is told and not passed over. */
async function searchFile(walk: Search, folder: HeldFolder, steps: readonly string[], name: string, how: 'found' | 'named' = 'found'): Promise<void> {
  const path = [...steps, name]
  if (how === 'named') refuseProtected(path, 'read')
  else if (holdsKeys(path)) return
  let file: Awaited<ReturnType<typeof openFile>>
  try {
    file = await openFile(folder, name)
  } catch (error) {
    // What may not be opened (a hard link, a mount, no right to) is not searched; anything else is a real failure.
    if (how === 'found' && error instanceof Problem && error.code !== 'disk-failed' && error.code !== 'disk-busy') return
    throw error
  }
  if (file === undefined) return
  let bytes: Buffer | undefined
  try {
    bytes = file.stats.size > BigInt(searchBytesMax) ? undefined : await readAll(file.handle, searchBytesMax)
  } finally {
    await file.handle.close()
  }
  const text = bytes === undefined ? undefined : decode(bytes)
  if (bytes === undefined || text === undefined) return
  walk.bytes += bytes.length
  const left = walk.matchesMax - walk.matches.length
  const found = await walk.matcher.find(text, left + 1)
  if (found.length > left) walk.more = true
  for (const match of found.slice(0, left)) walk.matches.push({ path: path.join('/'), line: match.line, text: around(match.text.replace(/\r$/, ''), match.at) })
}

/** The part of a long line that holds the match. */
function around(line: string, at: number): string {
  if (line.length <= lineShownMax) return line
  const start = Math.max(0, Math.min(at - 100, line.length - lineShownMax))
  return `${start > 0 ? '…' : ''}${line.slice(start, start + lineShownMax)}${start + lineShownMax < line.length ? '…' : ''}`
}

/** A folder on the way of a listing or search; undefined where it may not be entered or is gone. */
async function reachable(parent: HeldFolder, name: string): Promise<HeldFolder | undefined> {
  try {
    return await openFolder(parent, name)
  } catch (error) {
    if (error instanceof Problem && error.code !== 'disk-failed' && error.code !== 'disk-busy') return undefined
    throw error
  }
}

// ---- writing ----

async function writeText(options: WorkspaceOptions, path: string, text: string, onlyIfModifiedAt: number | undefined): Promise<{ created: boolean; bytes: number }> {
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length > textBytesMax) throw tooLarge(path, '10 MiB')
  return writeFile(options, path, bytes, onlyIfModifiedAt)
}

async function writeFile(options: WorkspaceOptions, path: string, bytes: Buffer, onlyIfModifiedAt: number | undefined): Promise<{ created: boolean; bytes: number }> {
  const steps = parsePath(path)
  refuseProtected(steps, options.byHand === true ? 'write-by-hand' : 'write')
  if (temporaryName.test(steps.at(-1) ?? '')) throw new Problem('path-protected', 'This name is kept for unfinished writes.')
  return withParent(
    options.root,
    steps,
    async (parent, name) => {
      const old = await target(parent, name, onlyIfModifiedAt)
      if (old === undefined) await refuseTwin(parent, name)
      const temporary = `.moltbot-${options.newId('wr').replaceAll(/[^A-Za-z0-9_-]/g, '')}.tmp`
      // Only the owner may read it; what the owner could run before, the owner can run after.
      const mode = old === undefined ? 0o600 : (Number(old.mode) & 0o100) | 0o600
      try {
        await writeTemporary(parent, temporary, bytes, mode)
        // Once more, as late as can be: a link or a newer file put there meanwhile is not replaced.
        await target(parent, name, onlyIfModifiedAt)
        await refuseMoved(parent)
        await rename(parent.child(temporary), parent.child(name))
      } catch (error) {
        await unlink(parent.child(temporary)).catch((cause: unknown) => {
          // Renamed or never made: then there is nothing to take away.
          if (codeOf(cause) !== 'ENOENT') throw diskProblem(cause)
        })
        throw error instanceof Problem ? error : diskProblem(error)
      }
      await syncFolder(parent)
      return { created: old === undefined, bytes: bytes.length }
    },
    true,
  )
}

/** What stands where we write: nothing, or a regular file of the age we were told. */
async function target(parent: HeldFolder, name: string, onlyIfModifiedAt: number | undefined): ReturnType<typeof lookAt> {
  const stats = await lookAt(parent, name)
  if (stats !== undefined) {
    refuseIrregular(stats, name)
    if (stats.dev !== parent.place.device) throw new Problem('mount-refused', `${name} is on another file system than the workspace.`)
  }
  if (onlyIfModifiedAt !== undefined && (stats === undefined || modified(stats) !== onlyIfModifiedAt)) {
    throw new Problem('file-changed', `${name} changed since it was read.`, { next: 'Read it again and repeat the change.' })
  }
  return stats
}

async function writeTemporary(parent: HeldFolder, name: string, bytes: Buffer, mode: number): Promise<void> {
  const handle = await open(parent.child(name), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0), 0o600)
  try {
    for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten
    if (mode !== 0o600) await handle.chmod(mode)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncFolder(folder: HeldFolder): Promise<void> {
  try {
    await folder.handle.sync()
  } catch (cause) {
    // Some file systems cannot sync a folder; the rename itself is as durable as they make it.
    if (codeOf(cause) !== 'EINVAL' && codeOf(cause) !== 'ENOTSUP' && codeOf(cause) !== 'EPERM') throw diskProblem(cause)
  }
}

/** A new name that differs from an old one only in case or composition would be the same file elsewhere. */
async function refuseTwin(folder: HeldFolder, name: string): Promise<void> {
  const fold = (each: string) => each.normalize('NFKC').toLowerCase()
  const wanted = fold(name)
  const { names } = await namesIn(folder)
  const twin = names.find((each) => each !== name && fold(each) === wanted)
  if (twin !== undefined) throw new Problem('path-twin', `${name} would stand beside ${JSON.stringify(twin)}, which is the same name on many systems.`, { next: 'Use the name that is there.' })
}

// ---- bytes ----

/** All bytes, or undefined once there are more than `max` (the file may grow while it is read). */
async function readAll(handle: FileHandle, max: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = []
  let size = 0
  for (;;) {
    const piece = Buffer.allocUnsafe(Math.min(256 * 1024, max + 1 - size))
    let bytesRead: number
    try {
      bytesRead = (await handle.read(piece, 0, piece.length, size)).bytesRead
    } catch (cause) {
      throw diskProblem(cause)
    }
    if (bytesRead === 0) return Buffer.concat(pieces, size)
    pieces.push(piece.subarray(0, bytesRead))
    size += bytesRead
    if (size > max) return undefined
  }
}

/** Undefined: not text. A byte order mark stays, so that writing it back changes nothing. */
function decode(bytes: Buffer): string | undefined {
  if (bytes.subarray(0, 8_192).includes(0)) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return text.includes('\0') ? undefined : text
  } catch {
    // Bytes that are not UTF-8 would not survive being written back.
    return undefined
  }
}

/** By content, never by name. */
function imageType(bytes: Buffer): string | undefined {
  if (bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))) return 'image/png'
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return 'image/jpeg'
  if (/^GIF8[79]a/.test(bytes.toString('latin1', 0, 6))) return 'image/gif'
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') return 'image/webp'
  return undefined
}

/** Milliseconds with the fraction the file system keeps, so that two writes in one millisecond differ. */
function modified(stats: { mtimeNs: bigint }): number {
  return Number(stats.mtimeNs / 1_000n) / 1_000
}

function missing(steps: readonly string[]): Problem {
  return new Problem('file-missing', `${steps.join('/')} does not exist.`, { next: 'List the folder to see what is there.' })
}

function tooLarge(path: string, max: string): Problem {
  return new Problem('file-too-large', `${path} is larger than ${max}.`)
}

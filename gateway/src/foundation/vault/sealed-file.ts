import { chmodSync, closeSync, constants, fchmodSync, fsyncSync, fstatSync, linkSync, lstatSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { vaultProblems } from './problems.ts'

/** A file of the vault as found; undefined when there is none. Never follows a link, never waits for a pipe. */
export function readSealed(file: string): { text: string; stat: Stats } | undefined {
  let handle: number
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    if (codeOf(error) === 'ELOOP') throw vaultProblems.notAFile(file)
    throw error
  }
  try {
    const stat = fstatSync(handle)
    if (!stat.isFile() || stat.size > 16 * 1024 * 1024) throw vaultProblems.notAFile(file)
    return { text: readFileSync(handle, 'utf8'), stat }
  } finally {
    closeSync(handle)
  }
}

/** Writes a file of mode 600 in a folder of mode 700, so that after a crash the old or the new text stands there. `fresh`: fails when something stands there already. */
export function writeSealed(file: string, text: string, options: { fresh: boolean }): void {
  const folder = dirname(file)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!options.fresh && lstatSync(file, { throwIfNoEntry: false })?.isFile() === false) throw vaultProblems.notAFile(file)
  const temporary = join(folder, `.${basename(file)}.${process.pid}.tmp`)
  rmSync(temporary, { force: true })
  const handle = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  try {
    writeSync(handle, text)
    fchmodSync(handle, 0o600)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  if (options.fresh) {
    // A hard link, unlike a rename, never replaces what another process may have just put there.
    try {
      linkSync(temporary, file)
    } finally {
      rmSync(temporary, { force: true })
    }
  } else renameSync(temporary, file)
  syncFolder(folder)
}

/**
 * Overwrites a file, then removes it. False: there was none. On disks that write elsewhere than they read (SSDs, copy on
 * write) the old bytes may outlive it: whoever fears that changes the secrets.
 */
export function shred(file: string): boolean {
  const stat = lstatSync(file, { throwIfNoEntry: false })
  if (stat === undefined) return false
  if (stat.isFile()) {
    const handle = openSync(file, constants.O_WRONLY | constants.O_NOFOLLOW)
    try {
      writeSync(handle, Buffer.alloc(stat.size), 0, stat.size, 0)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
  }
  rmSync(file, { force: true })
  syncFolder(dirname(file))
  return true
}

/** Puts a file in the place of another, durably. */
export function moveDurably(from: string, to: string): void {
  renameSync(from, to)
  syncFolder(dirname(to))
}

function syncFolder(folder: string): void {
  const directory = openSync(folder, constants.O_RDONLY)
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

export function makePrivate(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

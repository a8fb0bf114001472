import { chmodSync, closeSync, constants, fchmodSync, fstatSync, lstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import type { Clock } from '@moltbot/contract'

/** Beyond this many files put aside the oldest go, whatever their age: a flood must not fill the disk. */
const filesMax = 30

export interface RotatingFile {
  /** Appends whole lines before it returns. Never throws: a full disk must not stop the gateway. */
  write(line: string): void
  /** Lines that could not be written so far. */
  lost(): number
  configure(limits: { bytesMax: number; keepDays: number }): void
  close(): void
}

/**
 * A log file of mode 600 that is put aside as `<name>-2026-01-31.log` when the day (UTC) changes or it grows too large,
 * and never follows a link. `privateFolder`: make its folder 700 even when it is there already.
 */
export function openRotatingFile(file: string, clock: Clock, privateFolder: boolean, limits: { bytesMax: number; keepDays: number }): RotatingFile {
  let { bytesMax, keepDays } = limits
  let handle: number | undefined
  let size = 0
  let day = dayOf(clock.now())
  let lost = 0
  let inode = 0n

  function open(): number {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    if (privateFolder) chmodSync(dirname(file), 0o700)
    const opened = openSync(file, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600)
    const stat = fstatSync(opened, { bigint: true })
    if (!stat.isFile()) {
      closeSync(opened)
      throw new Error(`${file} is not a regular file`)
    }
    fchmodSync(opened, 0o600)
    size = Number(stat.size)
    inode = stat.ino
    // What an earlier run left belongs to the day it was last written.
    if (size > 0) day = dayOf(Number(stat.mtimeMs))
    return opened
  }

  function close(): void {
    if (handle === undefined) return
    closeSync(handle)
    handle = undefined
  }

  function putAside(): void {
    close()
    const extension = extname(file)
    const stem = basename(file, extension)
    const taken = new Set(readdirSync(dirname(file)))
    let name = `${stem}-${day}${extension}`
    for (let number = 2; taken.has(name); number++) name = `${stem}-${day}.${number}${extension}`
    renameSync(file, join(dirname(file), name))
    day = dayOf(clock.now())
    prune(stem, extension)
  }

  function prune(stem: string, extension: string): void {
    const shape = new RegExp(`^${escape(stem)}-(\\d{4}-\\d{2}-\\d{2})(?:\\.(\\d+))?${escape(extension)}$`)
    const aside = readdirSync(dirname(file)).flatMap((name) => {
      const found = shape.exec(name)
      return found === null ? [] : [{ name, day: found[1] ?? '', number: Number(found[2] ?? 1) }]
    }).sort((a, b) => (a.day === b.day ? b.number - a.number : a.day < b.day ? 1 : -1))
    const oldest = dayOf(clock.now() - keepDays * 86_400_000)
    for (const [position, old] of aside.entries()) if (position >= filesMax || old.day < oldest) rmSync(join(dirname(file), old.name), { force: true })
  }

  /** Somebody moved or removed the file under us: go on in a new one instead of writing where nobody looks. */
  function moved(): boolean {
    const stat = lstatSync(file, { bigint: true, throwIfNoEntry: false })
    return stat === undefined || stat.ino !== inode
  }

  let writes = 0
  return {
    write(line) {
      try {
        if (handle !== undefined && ++writes % 64 === 0 && moved()) close()
        handle ??= open()
        const bytes = Buffer.byteLength(line)
        if (size > 0 && (day !== dayOf(clock.now()) || size + bytes > bytesMax)) {
          putAside()
          handle = open()
        }
        writeSync(handle, line)
        size += bytes
      } catch {
        // A log that can't be written has nobody to tell but the count, which status shows.
        lost++
        handle = undefined
      }
    },
    lost: () => lost,
    configure(next) {
      bytesMax = next.bytesMax
      keepDays = next.keepDays
    },
    close,
  }
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

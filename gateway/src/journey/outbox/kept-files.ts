import { createHash } from 'node:crypto'
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '@moltbot/contract'
import { bareFile } from './bare-file.ts'
import { fileType } from './file-type.ts'
import type { DeliveryFile, GivenFile, HeldFile } from './types.ts'

/** No network takes more from a bot by its ordinary way, and a file is held in memory while it is sent. */
const fileBytesMax = 100 * 1024 * 1024
const nameBytesMax = 200

/** Bytes of files that wait to be sent, or to be fetched by a client of our own, named by their own hash. */
export interface KeptFiles {
  /** Says what a file is, takes out where it was made, and keeps it on the disk. Nothing removes it before `release`. Rejects with a `Problem`. */
  keep(given: GivenFile): Promise<HeldFile>
  /** Undefined: it is not there, or not what it was. */
  read(sha256: string): Promise<Uint8Array | undefined>
  /** Removes it unless some row still names it. */
  drop(sha256: string): Promise<void>
  /** Removes what no row names any more. Called once, at start. */
  sweep(): Promise<void>
}

/** `isNamed`: whether a row still needs these bytes. */
export function createKeptFiles(folder: string, isNamed: (sha256: string) => Promise<boolean>): KeptFiles {
  /** Being written down right now: not named by any row yet. */
  const held = new Map<string, number>()
  let temporaries = 0
  const placeOf = (sha256: string): string => join(folder, sha256)

  let last: Promise<unknown> = Promise.resolve()
  /** One after the other: who finds a file there must not lose it to a removal that was decided before. */
  function inOrder<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work)
    last = next.catch(() => undefined) // Whoever asked for it hears of its failure.
    return next
  }

  const drop = (sha256: string): Promise<void> => inOrder(async () => {
    if (held.has(sha256) || (await isNamed(sha256)) || held.has(sha256)) return
    await rm(placeOf(sha256), { force: true })
  })

  async function write(sha256: string, bytes: Uint8Array): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
    if ((await stat(placeOf(sha256)).catch(() => undefined))?.size === bytes.length) return
    const temporary = join(folder, `.${++temporaries}.tmp`)
    try {
      const handle = await open(temporary, 'wx', 0o600)
      try {
        await handle.writeFile(bytes)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, placeOf(sha256))
      const parent = await open(folder, 'r')
      // Some file systems cannot sync a folder; the rename itself is as durable as they make it.
      await parent.sync().catch(() => undefined).finally(() => parent.close())
    } catch (cause) {
      await rm(temporary, { force: true })
      throw new Problem('file-not-kept', 'The file could not be written down before it is sent.', { next: 'Look whether the disk is full.', cause })
    }
  }

  return {
    async keep(given) {
      const { bytes, file } = readyToSend(given)
      const { sha256 } = file
      held.set(sha256, (held.get(sha256) ?? 0) + 1)
      const release = async (): Promise<void> => {
        const left = (held.get(sha256) ?? 1) - 1
        if (left > 0) held.set(sha256, left)
        else held.delete(sha256)
        await drop(sha256)
      }
      try {
        await inOrder(() => write(sha256, bytes))
      } catch (error) {
        await release()
        throw error
      }
      return { file, release }
    },
    async read(sha256) {
      const bytes = await readFile(placeOf(sha256)).catch(() => undefined)
      return bytes !== undefined && hashOf(bytes) === sha256 ? bytes : undefined
    },
    drop,
    async sweep() {
      for (const name of await readdir(folder).catch(() => [])) {
        if (/^[0-9a-f]{64}$/.test(name)) await drop(name)
        else await rm(join(folder, name), { force: true })
      }
    },
  }
}

/** What a file is, by its content, and its bytes as they go out. */
function readyToSend({ fileName: given, bytes, asVoice }: GivenFile): { file: DeliveryFile; bytes: Uint8Array } {
  const fileName = bareName(given)
  if (bytes.length === 0) throw new Problem('file-empty', `${fileName} is empty.`, { next: 'Send a file that has something in it.' })
  if (bytes.length > fileBytesMax) throw new Problem('file-too-large', `${fileName} is larger than ${fileBytesMax / 1_048_576} MB.`)
  const { kind, mimeType, bare } = fileType(bytes, fileName)
  const ready = bare ? bareFile(mimeType, bytes) : undefined
  if (ready === undefined) {
    throw new Problem('file-tells-place', `${fileName} may say where it was made, and that cannot be taken out of it here.`, { next: 'Make a JPEG or PNG (or MP4) of it and send that.' })
  }
  const shown = kind === 'audio' && asVoice === true ? 'voice' : kind
  return { bytes: ready, file: { sha256: hashOf(ready), kind: shown, fileName, mimeType, sizeBytes: ready.length } }
}

/** The last step of a path, without anything that could pose as something else; at most 200 bytes, its ending kept. */
function bareName(given: string): string {
  const last = given.split(/[/\\]/).at(-1) ?? ''
  const plain = last.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}"]+/gu, '').replace(/^\.+/, '').trim()
  const ending = /\.[A-Za-z0-9]{1,10}$/.exec(plain)?.[0] ?? ''
  let stem = plain.slice(0, plain.length - ending.length)
  while (Buffer.byteLength(stem) > nameBytesMax - ending.length) stem = [...stem].slice(0, -1).join('')
  return stem === '' ? `file${ending}` : stem + ending
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, extname, join, resolve } from 'node:path'
import { Problem, describeError } from '@moltbot/contract'

/** A file as it goes with a message: what it was when it was attached. */
export interface OwnFile { name: string; bytes: number; mimeType: string | undefined; content: string }

/** Where the gateway goes by what a client says of a file; everything else it sees by itself. */
const mimeTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png', '.jpg': 'image/jpeg', '.jpeg': 'image/jpeg', '.gif': 'image/gif', '.webp': 'image/webp', '.pdf': 'application/pdf',
  '.ogg': 'audio/ogg', '.opus': 'audio/ogg', '.mp3': 'audio/mpeg', '.m4a': 'audio/mp4', '.wav': 'audio/wav', '.flac': 'audio/flac', '.webm': 'audio/webm',
}

/** Reads what a person named: `~` is their home, quotes and backslashes are taken as a shell takes them. Throws `Problem('attachment-unreadable')`. */
export async function readAttachment(words: string, folder: string, bytesMax: number): Promise<OwnFile> {
  const path = pathOf(words, folder)
  const refused = (why: string, next = 'Name a file: /attach ~/notes.pdf', cause?: unknown): Problem => new Problem('attachment-unreadable', `${path} ${why}.`, { next, ...(cause === undefined ? {} : { cause }) })
  // Without waiting: a pipe that nobody writes to would hold the window.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => { throw refused(`cannot be read: ${describeError(error)}`, undefined, error) })
  try {
    const facts = await file.stat()
    if (!facts.isFile()) throw refused('is no file')
    const tooLarge = (): Problem => refused(`is larger than ${Math.floor(bytesMax / 1_000_000)} MB, the most that goes with a message`, 'Put it into the workspace and name it there.')
    if (facts.size > bytesMax) throw tooLarge()
    const bytes = await file.readFile()
    if (bytes.length > bytesMax) throw tooLarge()
    if (bytes.length === 0) throw refused('is empty')
    return { name: basename(path), bytes: bytes.length, mimeType: mimeTypes[extname(path).toLowerCase()], content: bytes.toString('base64') }
  } finally {
    await file.close()
  }
}

function pathOf(words: string, folder: string): string {
  const trimmed = words.trim()
  const quoted = /^(["'])(.*)\1$/s.exec(trimmed)?.[2]
  const plain = quoted ?? trimmed.replace(/\\(.)/gs, '$1')
  return resolve(folder, plain === '~' || plain.startsWith('~/') ? join(homedir(), plain.slice(1)) : plain)
}

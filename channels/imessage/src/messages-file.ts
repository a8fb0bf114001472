import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, sep } from 'node:path'

/** Where Messages keeps what came with messages: beside its database. */
export function attachmentsFolder(dbPath: string | undefined): string {
  return join(dbPath === undefined ? join(homedir(), 'Library', 'Messages') : dirname(dbPath), 'Attachments')
}

/**
 * A file of Messages, in base64, as `imsg` names its place. Undefined: it truly lies anywhere else, is no regular file, or is larger. Rejects where it
 * cannot be read.
 */
export async function readMessagesFile(folder: string, named: string, bytesMax: number): Promise<string | undefined> {
  const path = named.startsWith('~/') ? join(homedir(), named.slice(2)) : named
  if (!isAbsolute(path)) return undefined
  const [within, real] = [await realpath(folder), await realpath(path)]
  if (!real.startsWith(within + sep)) return undefined
  const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const facts = await handle.stat()
    if (!facts.isFile() || facts.size > bytesMax) return undefined
    // It may grow meanwhile: no more is read than was allowed.
    const bytes = Buffer.alloc(facts.size)
    const { bytesRead } = await handle.read(bytes, 0, facts.size, 0)
    return bytes.subarray(0, bytesRead).toString('base64')
  } finally {
    await handle.close()
  }
}

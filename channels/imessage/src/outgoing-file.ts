import { SendProblem, type OutgoingFile } from '@moltbot/contract'

/** Messages shows words and files as messages of their own. iMessage itself takes about this much; a server at home is slower than its limit. */
export const fileLimits = { bytesMax: 50 * 1024 * 1024, captionMax: 0 }

/** Handing a file over and waiting until Messages has it. */
export const filePatienceMs = 180_000

/** Rejects with a `SendProblem` when the bytes are no longer there. */
export async function bytesOf(file: OutgoingFile): Promise<Uint8Array> {
  try {
    return await file.bytes()
  } catch (error) {
    throw new SendProblem('never', 'The file is no longer there.', { cause: error })
  }
}

/** The name without anything that a file system or a form could take for more than a name. */
export function plainName(fileName: string): string {
  const name = fileName.toWellFormed().replace(/[\p{Cc}/\\:"]/gu, '_').replace(/^\.+/, '')
  const dot = name.lastIndexOf('.')
  const end = dot > 0 && name.length - dot <= 12 ? name.slice(dot) : ''
  return `${name.slice(0, name.length - end.length).slice(0, 60)}${end}` || 'file'
}

import { open, type FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { BackupKey, BackupTarget } from '@moltbot/contract'
import { backupProblems } from './problems.ts'

/** 64 MiB and about half a second; what is opened may ask for four times that at most, so that no file can exhaust the machine. */
const scryptLogN = 16
const scryptLogNMax = 18
const passphraseMin = 12
const pieceBytes = 1 << 16

/** The content as an age file, which the standard tool opens: `age -d FILE | tar x`. */
export async function encrypted(content: AsyncIterable<Uint8Array>, target: BackupTarget): Promise<AsyncIterable<Uint8Array>> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  if ('passphrase' in target) {
    if (target.passphrase.length < passphraseMin) throw backupProblems.target('the passphrase is too short')
    if (/\p{Cc}/u.test(target.passphrase)) throw backupProblems.target('nobody can type a passphrase of several lines')
    encrypter.setScryptWorkFactor(scryptLogN)
    encrypter.setPassphrase(target.passphrase)
  } else {
    if (target.recipients.length === 0) throw backupProblems.target('there is no recipient')
    for (const recipient of target.recipients) {
      try {
        encrypter.addRecipient(recipient)
      } catch {
        // The library's own words could repeat what was given.
        throw backupProblems.target('this is no recipient of age')
      }
    }
  }
  return encrypter.encrypt(streamOf(content))
}

/** What an age file holds, piece by piece; each piece is genuine when it is handed out, the whole when it has ended. Throws `backup-unopened`, `backup-damaged`. */
export async function* decrypted(file: string, key: BackupKey): AsyncGenerator<Uint8Array> {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  const handle = await open(file, 'r')
  try {
    await checkCost(handle)
    let plain: ReadableStream<Uint8Array>
    try {
      if ('passphrase' in key) decrypter.addPassphrase(key.passphrase)
      else decrypter.addIdentity(key.identity)
      plain = await decrypter.decrypt(streamOf(piecesOf(handle)))
    } catch {
      // One answer to a wrong passphrase, another's identity and what is no age file: none of them is told from the others.
      throw backupProblems.unopened()
    }
    const pieces = plain.getReader()
    try {
      for (;;) {
        const piece = await pieces.read().catch(() => { throw backupProblems.damaged('its seal is broken') })
        if (piece.done) return
        yield piece.value
      }
    } finally {
      // Nobody wants the rest; that it may have failed by itself was told already.
      await pieces.cancel().catch(() => undefined)
    }
  } finally {
    await handle.close()
  }
}

const streamOf = (content: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> => Readable.toWeb(Readable.from(content)) as ReadableStream<Uint8Array>

async function* piecesOf(handle: FileHandle): AsyncGenerator<Uint8Array> {
  for (let at = 0; ;) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(pieceBytes), 0, pieceBytes, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function checkCost(handle: FileHandle): Promise<void> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(2_048), 0, 2_048, 0)
  const asked = /^-> scrypt \S{1,64} (\d{1,9})$/m.exec(buffer.subarray(0, bytesRead).toString('latin1'))?.[1]
  if (asked !== undefined && Number(asked) > scryptLogNMax) throw backupProblems.refused('a passphrase made more costly than any of ours')
}

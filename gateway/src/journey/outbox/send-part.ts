import { SendProblem, describeError, type Connection, type OutgoingMessage, type PlatformMessageId } from '@moltbot/contract'
import { deliveryKey, type StoredDelivery } from './deliveries.ts'
import type { OutboxDesk } from './desk.ts'
import { sendDeadlineMs } from './patience.ts'
import { buttonsFor, leftOutWords } from './with-file.ts'

/** A file gets longer by what a slow line (1 Mbit/s) needs for it. */
const uploadBytesPerMs = 125

/** One try with a deadline. A message whose id is known is edited in place. Fails with a `SendProblem`, or as the store does. */
export async function sendPart(desk: OutboxDesk, connection: Connection, row: StoredDelivery): Promise<PlatformMessageId> {
  const { withDeadline } = desk.patience
  const { words, file } = await contentFor(desk, connection, row)
  const buttons = buttonsFor(row.buttons, connection.limits)
  const message = (): OutgoingMessage => ({
    key: row.key, markdown: words, ...(row.replyTo === null ? {} : { replyTo: row.replyTo }), ...(file === undefined ? {} : { file }), ...(buttons === undefined ? {} : { buttons }),
  })
  const edit = connection.edit
  const known = row.platformId
  if (known !== null && edit !== undefined) {
    try {
      await withDeadline((signal) => edit.call(connection, row.chat, known, message(), signal))
      return known
    } catch (error) {
      if (!(error instanceof SendProblem && error.outcome === 'never')) throw error
    }
    // It can't be edited (any more): the whole words go out as a new message, and the half ones do not stay beside them.
    await withDeadline(async (signal) => connection.remove?.(row.chat, known, signal)).catch(() => undefined)
    // Under its old key a network with a nonce would take the new message for the one that is gone.
    const key = connection.limits.nonce ? deliveryKey(row.key, row.part) : row.key
    await desk.store.transaction((tx) => desk.deliveries.forgetPlatformId(tx, row.id, key))
    desk.standing.delete(row.id)
    row.platformId = null
    row.key = key
  }
  return withDeadline((signal) => connection.send(row.chat, message(), signal), sendDeadlineMs + (file === undefined ? 0 : Math.ceil(file.sizeBytes / uploadBytesPerMs)))
}

/** What of a part this connection takes. A file it doesn't take is told in words, and one that is gone can't be sent by anyone. */
async function contentFor({ keptFiles, label }: OutboxDesk, { limits }: Connection, row: StoredDelivery): Promise<{ words: string; file?: OutgoingMessage['file'] }> {
  const { file } = row
  if (file === undefined) return { words: row.markdown }
  const instead = leftOutWords(file, limits, label(row.chat))
  if (instead !== undefined) return { words: file.instead ?? (row.markdown === '' ? instead : `${row.markdown}\n\n${instead}`) }
  const bytes = await keptFiles.read(file.sha256)
  if (bytes === undefined) throw new SendProblem('never', `the file “${file.fileName}” is no longer there`)
  const { sha256: _hash, instead: _words, ...facts } = file
  return { words: row.markdown, file: { ...facts, bytes: async () => bytes } }
}

/** What to do about a part that may have arrived. A history that can't be read just now says nothing. */
export async function lookForPart({ log, patience }: OutboxDesk, connection: Connection, row: StoredDelivery, mayRepeat: boolean): Promise<{ kind: 'sent'; id: PlatformMessageId } | { kind: 'send' } | { kind: 'again' } | { kind: 'give-up' } | { kind: 'unclear' }> {
  if (connection.limits.nonce) return { kind: 'send' }
  const { findSent } = connection
  if (findSent === undefined) return mayRepeat ? { kind: 'again' } : { kind: 'give-up' }
  try {
    const id = await patience.withDeadline(() => findSent.call(connection, row.chat, row.key, row.createdAt))
    return id === undefined ? { kind: 'send' } : { kind: 'sent', id }
  } catch (error) {
    log.warn('It could not be looked up whether a message arrived.', { delivery: row.id, error: describeError(error) })
    return { kind: 'unclear' }
  }
}

import type { IncomingMessage } from '@moltbot/contract'

/** The most text of one message, in UTF-16 units; longer messages are refused in words. */
export const textLengthMax = 200_000
/** The most attachments of one message, and the most base64 characters of all of them together (about 24 MB of data). */
export const attachmentsMax = 20
export const attachmentDataMax = 32_000_000
/** The most of everything besides text and data: names, quotes, references, ids. */
const restLengthMax = 400_000
/** The longest id of a message, chat, thread or sender. */
export const idLengthMax = 1_000

/** A sentence for the sender when the message breaks a limit; undefined when it fits. */
export function refusal(message: IncomingMessage): string | undefined {
  const ids = [message.id, message.chat?.chat, message.chat?.channel, message.chat?.account, message.sender?.id, ...(message.chat?.thread === undefined ? [] : [message.chat.thread]), ...(message.joinedIds ?? [])]
  // Without ids of its own a message could not be told from others: the next one would be taken for its repetition.
  if (ids.some((id) => typeof id !== 'string' || id.trim() === '' || id.length > idLengthMax)) return 'The message is malformed (an id is missing or too long).'
  if (typeof message.text !== 'string' || !Array.isArray(message.attachments) || !Number.isFinite(message.sentAt)) return 'The message is malformed.'
  if (message.text.length > textLengthMax) return `The message is too long (${message.text.length} characters; ${textLengthMax} are taken).`
  if (message.attachments.length > attachmentsMax) return `Too many attachments (${message.attachments.length}; ${attachmentsMax} are taken).`
  const data = message.attachments.reduce((sum, attachment) => sum + (attachment.data?.length ?? 0), 0)
  if (data > attachmentDataMax) return 'The attachments are too large (24 MB together are taken).'
  if (JSON.stringify(message).length - data > 2 * textLengthMax + restLengthMax) return 'The message carries too much besides its text.'
  return undefined
}

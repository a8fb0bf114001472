import type { Attachment } from '@moltbot/contract'
import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import type { Static } from 'typebox'

/** An image as clients send it; `content` is base64, a data URL's prefix may stand before it. */
export const WireAttachment = Type.Object({
  type: Type.Optional(Type.String()),
  mimeType: Type.Optional(Type.String()),
  fileName: Type.Optional(Type.String()),
  content: Type.Optional(Type.Unknown()),
})
export type WireAttachment = Static<typeof WireAttachment>

/** The most one attachment may hold, decoded (protocol 3). */
export const attachmentBytesMax = 5_000_000
/** The most attachments of one message. */
export const attachmentsMax = 16

/** Images as the journey takes them. Decides by content, not by what the client says. Throws `Problem('attachment-refused')`. */
export function readAttachments(given: readonly WireAttachment[] | undefined): Attachment[] {
  const list = given ?? []
  if (list.length > attachmentsMax) throw refused(`at most ${attachmentsMax} attachments in one message.`)
  return list.map((attachment, at) => {
    const name = attachment.fileName ?? `attachment ${at + 1}`
    if (typeof attachment.content !== 'string' || attachment.content === '') throw refused(`${name}: content must be base64.`)
    const data = attachment.content.replace(/^data:[^,]{0,200};base64,/, '').replace(/\s+/g, '')
    // Size first, and a search for what does not belong: a greedy pattern over megabytes can exhaust the engine's stack.
    const padding = data.indexOf('=')
    if (/[^A-Za-z0-9+/=]/.test(data) || data.length % 4 === 1 || (padding >= 0 && (padding < data.length - 2 || !data.endsWith('=')))) throw refused(`${name}: content must be base64.`)
    if (data.length > Math.ceil(attachmentBytesMax / 3) * 4 + 4) throw refused(`${name}: larger than ${attachmentBytesMax} bytes.`)
    const bytes = Buffer.from(data, 'base64')
    if (bytes.length > attachmentBytesMax) throw refused(`${name}: larger than ${attachmentBytesMax} bytes.`)
    const mimeType = imageType(bytes)
    if (mimeType === undefined) throw refused(`${name}: only PNG, JPEG, GIF and WebP images can be attached.`)
    return { kind: 'image', mimeType, sizeBytes: bytes.length, data, ...(attachment.fileName === undefined ? {} : { fileName: attachment.fileName }) }
  })
}

/** The type of an image by its first bytes; undefined when it is none a model can look at. */
export function imageType(bytes: Uint8Array): string | undefined {
  const ascii = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
  if (ascii.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (ascii.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (ascii.startsWith('GIF87a') || ascii.startsWith('GIF89a')) return 'image/gif'
  if (ascii.startsWith('RIFF') && ascii.slice(8, 12) === 'WEBP') return 'image/webp'
  return undefined
}

function refused(sentence: string): Problem {
  return new Problem('attachment-refused', sentence, { next: 'Send a smaller image, or put the file into the workspace and name it.' })
}

import type { Attachment } from '@moltbot/contract'
import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import type { Static } from 'typebox'
import type { FilesTaken } from '../../foundation/media/types.ts'
import { socketLimits } from '../socket/limits.ts'

/** A file as clients send it; `content` is base64, a data URL's prefix may stand before it. `type`: `voice` is what the person says, recorded; all else is decided by content. */
export const WireAttachment = Type.Object({
  type: Type.Optional(Type.String()),
  mimeType: Type.Optional(Type.String()),
  fileName: Type.Optional(Type.String()),
  content: Type.Optional(Type.Unknown()),
})
export type WireAttachment = Static<typeof WireAttachment>

/** The most one picture may hold, decoded (protocol 3), and the most any other file may, as `hello` announces. */
const attachmentBytesMax = 5_000_000
const fileBytesMax = socketLimits.attachments.maxBytes
/** The most attachments of one message. */
const attachmentsMax = 16

/** Files as the journey takes them. Decides by content, not by what the client says. `taken` absent: pictures alone. Throws `Problem('attachment-refused')`. */
export function readAttachments(given: readonly WireAttachment[] | undefined, taken?: FilesTaken): Attachment[] {
  const list = given ?? []
  if (list.length > attachmentsMax) throw refused(`at most ${attachmentsMax} attachments in one message.`)
  return list.map((attachment, at) => {
    const name = attachment.fileName ?? `attachment ${at + 1}`
    if (typeof attachment.content !== 'string' || attachment.content === '') throw refused(`${name}: content must be base64.`)
    const data = attachment.content.replace(/^data:[^,]{0,200};base64,/, '').replace(/\s+/g, '')
    // Size first, and a search for what does not belong: a greedy pattern over megabytes can exhaust the engine's stack.
    const padding = data.indexOf('=')
    if (/[^A-Za-z0-9+/=]/.test(data) || data.length % 4 === 1 || (padding >= 0 && (padding < data.length - 2 || !data.endsWith('=')))) throw refused(`${name}: content must be base64.`)
    const isSound = attachment.type === 'voice' || attachment.mimeType?.startsWith('audio/') === true
    const mayBeLarge = taken !== undefined && (isSound || (attachment.type !== 'image' && attachment.mimeType?.startsWith('image/') !== true))
    const within = (bytesMax: number, length: number): void => { if (length > bytesMax) throw refused(`${name}: larger than ${bytesMax} bytes.`) }
    const most = mayBeLarge ? fileBytesMax : attachmentBytesMax
    within(most, Math.floor((data.length - 4) / 4) * 3)
    const bytes = Buffer.from(data, 'base64')
    within(most, bytes.length)
    const common = { sizeBytes: bytes.length, data, ...(attachment.fileName === undefined ? {} : { fileName: attachment.fileName }) }
    const mimeType = imageType(bytes)
    if (mimeType !== undefined) {
      within(attachmentBytesMax, bytes.length)
      return { kind: 'image', mimeType, ...common }
    }
    if (taken === undefined) throw refused(`${name}: only PNG, JPEG, GIF and WebP images can be attached.`)
    const claims = { ...(attachment.fileName === undefined ? {} : { name: attachment.fileName }), ...(attachment.mimeType === undefined ? {} : { mimeType: attachment.mimeType }) }
    const named = { ...common, ...(attachment.mimeType === undefined ? {} : { mimeType: attachment.mimeType }) }
    switch (taken.kindOf(bytes, { ...claims, sound: isSound })) {
      case 'document':
        if (!taken.now().documents) throw refused(`${name}: documents are not read here (tools.media.document.enabled).`)
        return { kind: 'document', ...named }
      case 'sound':
        if (!taken.now().sound) throw refused(`${name}: nothing here turns sound into words (tools.media.audio).`)
        return { kind: attachment.type === 'voice' ? 'voice' : 'audio', ...named }
      default: throw refused(`${name}: it is no picture (PNG, JPEG, GIF, WebP), no document that can be read (text, HTML, PDF, Word) and no sound.`)
    }
  })
}

/** The type of an image by its first bytes; undefined when it is none a model can look at. */
function imageType(bytes: Uint8Array): string | undefined {
  const ascii = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
  if (ascii.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (ascii.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (ascii.startsWith('GIF87a') || ascii.startsWith('GIF89a')) return 'image/gif'
  if (ascii.startsWith('RIFF') && ascii.slice(8, 12) === 'WEBP') return 'image/webp'
  return undefined
}

function refused(sentence: string): Problem {
  return new Problem('attachment-refused', sentence, { next: 'Send a smaller file, or another kind of it; or put the file into the workspace and name it.' })
}

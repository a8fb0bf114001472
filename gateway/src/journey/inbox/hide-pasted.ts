import type { IncomingMessage } from '@moltbot/contract'

/** A credential that stood in a message, and the name that stands there now. */
export interface PastedSecret { name: string; value: string }

/** Finds credentials in a text; `taken` were found in other parts of the same message. */
export type HideSecrets = (text: string, taken: readonly PastedSecret[]) => { text: string; found: PastedSecret[] }

/** Texts of attachments beyond this are not looked through. Base64 characters, about 192 KiB. */
const attachmentLookMax = 262_144

/** The message with every credential replaced by its name, wherever the sender could have written one. */
export function hidePasted(message: IncomingMessage, hide: HideSecrets): { message: IncomingMessage; pasted: PastedSecret[] } {
  const pasted: PastedSecret[] = []
  const clean = (text: string): string => {
    const { text: shown, found } = hide(text, pasted)
    pasted.push(...found)
    return shown
  }
  const rewritten = reword(message, clean)
  return pasted.length === 0 ? { message, pasted } : { message: rewritten, pasted }
}

/** The message with every text its sender wrote changed. */
export function reword(message: IncomingMessage, change: (text: string) => string): IncomingMessage {
  return {
    ...message,
    text: change(message.text),
    ...(message.quoted?.text === undefined ? {} : { quoted: { ...message.quoted, text: change(message.quoted.text) } }),
    ...(message.wishes?.instructions === undefined ? {} : { wishes: { ...message.wishes, instructions: change(message.wishes.instructions) } }),
    attachments: message.attachments.map((attachment) => {
      const { data, mimeType = '' } = attachment
      if (data === undefined || data.length > attachmentLookMax || !/^text\/|json|yaml|toml|x-sh|x-env/.test(mimeType)) return attachment
      const before = Buffer.from(data, 'base64').toString('utf8')
      const after = change(before)
      if (after === before) return attachment
      const bytes = Buffer.from(after, 'utf8')
      return { ...attachment, data: bytes.toString('base64'), ...(attachment.sizeBytes === undefined ? {} : { sizeBytes: bytes.length }) }
    }),
  }
}

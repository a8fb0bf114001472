import { randomBytes } from 'node:crypto'
import type { ChannelHost, OutgoingFile } from '@moltbot/contract'
import type { Message } from 'grammy/types'
import { ForeignAnswer, GrammyError } from './telegram-api.ts'

/** What a bot may send: any file, a picture, and the words beside a file, counted after rendering. */
export const fileBytesMax = 50_000_000
const photoBytesMax = 10_000_000
export const captionLengthMax = 1_024

/** One way to show a file on Telegram. */
export interface Way { method: 'sendPhoto' | 'sendAnimation' | 'sendVoice' | 'sendAudio' | 'sendVideo' | 'sendDocument'; field: string }
export const asDocument: Way = { method: 'sendDocument', field: 'document' }

/** The ways a file may be shown, the best first; the last one is always open. What Telegram would convert or refuse goes as a document. */
export function waysFor({ kind, mimeType, sizeBytes }: OutgoingFile): Way[] {
  const asAudio: Way[] = ['audio/mpeg', 'audio/mp4'].includes(mimeType) ? [{ method: 'sendAudio', field: 'audio' }] : []
  switch (kind) {
    case 'image':
      if (mimeType === 'image/gif') return [{ method: 'sendAnimation', field: 'animation' }, asDocument]
      return sizeBytes <= photoBytesMax ? [{ method: 'sendPhoto', field: 'photo' }, asDocument] : [asDocument]
    case 'voice': return [...(['audio/ogg', 'audio/mpeg', 'audio/mp4'].includes(mimeType) ? [{ method: 'sendVoice', field: 'voice' } as const] : []), ...asAudio, asDocument]
    case 'audio': return [...asAudio, asDocument]
    case 'video': return mimeType === 'video/mp4' ? [{ method: 'sendVideo', field: 'video' }, asDocument] : [asDocument]
    default: return [asDocument]
  }
}

/** Sends one file. Fails as calls of the Bot API's client do: `GrammyError` for its answers, `ForeignAnswer` for others', anything else for the line. */
export type Upload = (way: Way, payload: Readonly<Record<string, unknown>>, file: { name: string; mimeType: string; bytes: Uint8Array }, signal: AbortSignal) => Promise<Message>

export function createUpload(token: string, apiRoot: string, host: Pick<ChannelHost, 'fetch'>): Upload {
  return async ({ method, field }, payload, file, signal) => {
    const boundary = `moltbot-${randomBytes(18).toString('hex')}`
    const part = (name: string, rest: string): Buffer => Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${rest}\r\n\r\n`)
    const fields = Object.entries(payload).flatMap(([name, value]) => (value === undefined ? [] : [part(name, ''), Buffer.from(`${typeof value === 'string' ? value : JSON.stringify(value)}\r\n`)]))
    // Quotes and line breaks would end the header that holds the name.
    const name = file.name.replaceAll('"', '%22').replace(/[\r\n]+/g, ' ')
    const body = Buffer.concat([...fields, part(field, `; filename="${name}"\r\nContent-Type: ${file.mimeType}`), file.bytes, Buffer.from(`\r\n--${boundary}--\r\n`)])
    const response = await host.fetch(`${apiRoot}/bot${token}/${method}`, {
      method: 'POST', body, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      // The token is part of the address: never carry it to wherever a redirect points.
      redirect: 'error', signal,
    })
    const answer = parse(await response.text())
    if (answer === undefined) throw new ForeignAnswer(response.status)
    if (answer.ok) return answer.result
    throw new GrammyError(`Call to '${method}' failed!`, answer as never, method, {})
  }
}

function parse(text: string): { ok: true; result: Message } | { ok: false } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'ok' in value && typeof value.ok === 'boolean' ? (value as { ok: true; result: Message } | { ok: false }) : undefined
  } catch {
    // Not JSON: not the Bot API.
    return undefined
  }
}

import { BotApiError } from './bot-api-error.ts'
import { parseHtml, type Entity } from './html-entities.ts'
import type { Uploaded } from './read-payload.ts'
import type { JsonObject, SentFile, SentMessage } from './types.ts'

const photoBytesMax = 10_000_000
const uploadBytesMax = 50_000_000
/** How a method shows a file, the field it wants it in, and the most bytes it takes. */
export const uploadMethods: Readonly<Record<string, readonly [SentFile['as'], string, number]>> = {
  sendPhoto: ['image', 'photo', photoBytesMax], sendVoice: ['voice', 'voice', uploadBytesMax], sendAudio: ['audio', 'audio', uploadBytesMax],
  sendVideo: ['video', 'video', uploadBytesMax], sendAnimation: ['video', 'animation', uploadBytesMax], sendDocument: ['document', 'document', uploadBytesMax],
}

/** The words of a message as people see them. Throws what Telegram refuses. */
export function textOf(payload: JsonObject, field: 'text' | 'caption' = 'text'): { text: string; entities: Entity[] } {
  const given = String(payload[field] ?? '')
  let parsed: { text: string; entities: Entity[] } = { text: given, entities: [] }
  if (payload.parse_mode !== undefined) {
    if (String(payload.parse_mode).toLowerCase() !== 'html') throw new BotApiError(400, 'Bad Request: unsupported parse_mode')
    const result = parseHtml(given)
    if (!result.ok) throw new BotApiError(400, result.description)
    parsed = result
  }
  if (field === 'text' && parsed.text.trim() === '') throw new BotApiError(400, 'Bad Request: message text is empty')
  if (field === 'caption' && parsed.text.length > 1_024) throw new BotApiError(400, 'Bad Request: message caption is too long')
  if (parsed.text.length > 4_096) throw new BotApiError(400, 'Bad Request: message is too long')
  return parsed
}

/** The buttons below a message; a keyboard that is none is refused. */
export function keyboardOf(payload: JsonObject): SentMessage['buttons'] {
  const rows = (payload.reply_markup as JsonObject | undefined)?.inline_keyboard
  if (rows === undefined) return []
  if (!Array.isArray(rows) || rows.some((row) => !Array.isArray(row))) throw new BotApiError(400, "Bad Request: field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays")
  const buttons = rows as unknown as SentMessage['buttons']
  for (const { text, callback_data: data } of buttons.flat()) {
    if (typeof text !== 'string' || text === '') throw new BotApiError(400, "Bad Request: can't parse inline keyboard button: Field \"text\" must be of type String")
    if (typeof data !== 'string' || data === '' || Buffer.byteLength(data) > 64) throw new BotApiError(400, 'Bad Request: BUTTON_DATA_INVALID')
  }
  if (buttons.flat().length > 100) throw new BotApiError(400, 'Bad Request: reply markup is too long')
  return buttons
}

/** The file of an upload, under the name its method wants it, no larger than the method takes, and what it is said to be. */
export function fileOf(method: string, uploaded: Uploaded | undefined): SentFile {
  const [as, field, bytesMax] = uploadMethods[method] as (typeof uploadMethods)[string]
  if (uploaded === undefined || uploaded.field !== field) throw new BotApiError(400, `Bad Request: there is no ${field} in the request`)
  const { bytes, name, mimeType } = uploaded
  if (bytes.length > bytesMax) throw bytesMax === photoBytesMax ? new BotApiError(400, 'Bad Request: file is too big') : new BotApiError(413, 'Request Entity Too Large')
  if (bytes.length === 0) throw new BotApiError(400, 'Bad Request: file must be non-empty')
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
  if (method === 'sendPhoto' && !/^\x89PNG|^\xff\xd8|^RIFF/.test(head)) throw new BotApiError(400, 'Bad Request: IMAGE_PROCESS_FAILED')
  return { as, name, mimeType, bytes }
}

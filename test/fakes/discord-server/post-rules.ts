import type { IncomingMessage as HttpRequest } from 'node:http'

type Json = Record<string, unknown>

/** A file as it came with a message. */
export interface UploadedFile { name: string; type: string; bytes: Buffer }
/** What was said in a request, or why Discord would not even read it. */
export interface Upload { body: Json; files: UploadedFile[]; refusal?: { status: number; body: Json } }

export const problem = (code: number, message: string): Json => ({ message, code })
const invalid = (field: string, message: string): Json => ({ ...problem(50_035, 'Invalid Form Body'), errors: { [field]: { _errors: [{ code: 'BASE_TYPE_BAD', message }] } } })

const fileBytesMax = 10 * 1024 * 1024
const requestBytesMax = 25 * 1024 * 1024
const voiceFlag = 1 << 13

/** Reads JSON, or the form that carries files with their JSON in `payload_json`. */
export async function readUpload(request: HttpRequest): Promise<Upload> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('multipart/form-data')) return { body: bytes.length === 0 ? {} : (JSON.parse(bytes.toString('utf8')) as Json), files: [] }
  if (bytes.length > requestBytesMax) return { body: {}, files: [], refusal: { status: 413, body: problem(40_005, 'Request entity too large') } }
  const form = await new Response(bytes, { headers: { 'content-type': type } }).formData()
  const files: UploadedFile[] = []
  let body: Json = {}
  for (const [name, value] of form) {
    if (name === 'payload_json') body = JSON.parse(String(value)) as Json
    else if (/^files\[\d\]$/.test(name) && typeof value !== 'string') files[Number(name[6])] = { name: value.name, type: value.type, bytes: Buffer.from(await value.arrayBuffer()) }
    else return { body: {}, files: [], refusal: { status: 400, body: invalid(name, 'A field nobody knows.') } }
  }
  if (files.some((file) => file.bytes.length > fileBytesMax)) return { body, files, refusal: { status: 413, body: problem(40_005, 'Request entity too large') } }
  return { body, files }
}

/** Discord's names of files: no spaces, nothing a path could be made of. */
export const cleanName = (name: string): string => name.replaceAll(/\s+/g, '_').replaceAll(/[^\w.-]/g, '').slice(-200)

/** What Discord would say against a message; undefined: nothing. */
export function judgeMessage(body: Json, files: readonly UploadedFile[], before?: { files: number }): Json | undefined {
  const text = typeof body['content'] === 'string' ? body['content'] : ''
  const rows = (body['components'] ?? []) as Json[]
  const holdsFiles = files.length + (before?.files ?? 0) > 0
  if (text.trim() === '' && body['poll'] === undefined && body['sticker_ids'] === undefined && !holdsFiles && rows.length === 0) return problem(50_006, 'Cannot send an empty message')
  if ([...text].length > 2_000) return invalid('content', 'Must be 2000 or fewer in length.')
  if (typeof body['nonce'] === 'string' && body['nonce'].length > 25) return invalid('nonce', 'Must be 25 or fewer in length.')
  return judgeAttachments(body, files) ?? judgeRows(rows) ?? judgeVoice(body, files, text)
}

function judgeAttachments(body: Json, files: readonly UploadedFile[]): Json | undefined {
  for (const attachment of (body['attachments'] ?? []) as Json[]) if (files[Number(attachment['id'])] === undefined) return invalid('attachments', 'Invalid attachment id.')
  return files.length > 10 ? invalid('files', 'Must be 10 or fewer in length.') : undefined
}

function judgeRows(rows: readonly Json[]): Json | undefined {
  const seen = new Set<unknown>()
  if (rows.length > 5) return invalid('components', 'Must be between 1 and 5 in length.')
  for (const row of rows) {
    const buttons = (row['components'] ?? []) as Json[]
    if (row['type'] !== 1 || buttons.length < 1 || buttons.length > 5) return invalid('components', 'A row holds 1 to 5 buttons.')
    for (const { type, style, label, custom_id: id } of buttons) {
      if (type !== 2 || ![1, 2, 3, 4].includes(Number(style)) || typeof label !== 'string' || label.length < 1 || label.length > 80) return invalid('components', 'A button needs a style and a label of 1 to 80 characters.')
      if (typeof id !== 'string' || id.length < 1 || id.length > 100) return invalid('components', 'Must be between 1 and 100 in length.')
      if (seen.has(id)) return invalid('components', 'Component custom id cannot be duplicated')
      seen.add(id)
    }
  }
  return undefined
}

function judgeVoice(body: Json, files: readonly UploadedFile[], text: string): Json | undefined {
  if ((Number(body['flags'] ?? 0) & voiceFlag) === 0) return undefined
  const [attachment] = (body['attachments'] ?? []) as Json[]
  if (text !== '' || body['components'] !== undefined) return problem(50_159, 'Voice messages do not support additional content.')
  if (files.length !== 1 || files[0]?.type.startsWith('audio/') !== true) return problem(50_160, 'Voice messages must have a single audio attachment.')
  if (typeof attachment?.['duration_secs'] !== 'number' || typeof attachment['waveform'] !== 'string') return problem(50_161, 'Voice messages must have supporting metadata.')
  return undefined
}

/** How Discord's clients show a file. */
export function shownAs(type: string, flags: number): 'image' | 'audio' | 'voice' | 'video' | 'document' {
  if ((flags & voiceFlag) !== 0) return 'voice'
  const [kind] = type.split('/')
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'document'
}

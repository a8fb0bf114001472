import type { IncomingMessage as HttpRequest } from 'node:http'
import { BotApiError } from './bot-api-error.ts'
import type { Json, JsonObject } from './types.ts'

/** What was uploaded in a form, under which name. */
export interface Uploaded { field: string; name: string; mimeType: string; bytes: Uint8Array }

/** The fields of a request, however they came: in its address, as JSON, or as a form. */
export async function readPayload(request: HttpRequest, url: URL): Promise<{ fields: JsonObject; file?: Uploaded }> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const fromQuery = Object.fromEntries(url.searchParams)
  if (body.length === 0) return { fields: fromQuery }
  const type = request.headers['content-type'] ?? ''
  if (type.includes('json')) return { fields: { ...fromQuery, ...(JSON.parse(body.toString('utf8')) as JsonObject) } }
  const boundary = /^multipart\/form-data; boundary=([^\s;"]+)$/.exec(type)?.[1]
  if (boundary !== undefined) return readForm(body, boundary, fromQuery)
  const fields: JsonObject = { ...fromQuery }
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) fields[name] = fieldOf(value)
  return { fields }
}

/** Form fields are plain text unless they are JSON. */
function fieldOf(value: string): Json {
  try {
    return JSON.parse(value) as Json
  } catch {
    return value
  }
}

/** A form, read strictly: what does not end in its boundary, or has a header that is none, is refused. */
function readForm(body: Buffer, boundary: string, fields: JsonObject): { fields: JsonObject; file?: Uploaded } {
  const wrong = new BotApiError(400, 'Bad Request: malformed multipart/form-data')
  const form: { fields: JsonObject; file?: Uploaded } = { fields: { ...fields } }
  const mark = Buffer.from(`--${boundary}`)
  let at = body.indexOf(mark)
  if (at !== 0) throw wrong
  for (;;) {
    at += mark.length
    if (body.toString('latin1', at, at + 2) === '--') return form
    const headEnd = body.indexOf('\r\n\r\n', at)
    const next = body.indexOf(`\r\n--${boundary}`, headEnd)
    if (headEnd < 0 || next < 0) throw wrong
    const head = body.toString('utf8', at + 2, headEnd).split('\r\n')
    const disposition = /^content-disposition: form-data; name="([^"]+)"(?:; filename="([^"]*)")?$/i.exec(head[0] ?? '')
    if (disposition === null || head.slice(1).some((line) => !/^[A-Za-z-]+: \S/.test(line))) throw wrong
    const [, name = '', fileName] = disposition
    const content = body.subarray(headEnd + 4, next)
    if (fileName === undefined) form.fields[name] = name === 'caption' ? content.toString('utf8') : fieldOf(content.toString('utf8'))
    else form.file = { field: name, name: fileName, mimeType: /^content-type: (.+)$/i.exec(head[1] ?? '')?.[1] ?? '', bytes: content }
    at = next + 2
  }
}

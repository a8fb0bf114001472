import { Problem } from '@moltbot/contract'
import type { Clock, ModelFetch } from '@moltbot/contract'
import { isNear } from '../pinned-fetch.ts'

/** What the flows are handed to speak with. */
export interface Speaker { fetch: ModelFetch; clock: Clock }

/** A JSON object as a server sent it. */
export type Answer = Record<string, unknown>

const waitMs = 10_000
const bytesMax = 256 * 1024

/** An address that may be told who asks: https, or anything on this machine. Throws `models-sign-in-address`. */
export function safeAddress(text: string, what: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const fits = url !== undefined && (url.protocol === 'https:' || (url.protocol === 'http:' && isOwn(url))) && url.username === '' && url.password === '' && url.hash === ''
  if (!fits) throw new Problem('models-sign-in-address', `${what} is no address that credentials may be sent to: ${shown(text).slice(0, 200)}.`, { next: 'It has to begin with https://.', details: { fault: 'auth' } })
  return url
}

/** The same for an address a server named: what is out in the world may not lead into a private network. */
export function namedAddress(text: string, what: string, by: URL): URL {
  const url = safeAddress(text, what)
  if (isNear(url.hostname) && !isNear(by.hostname)) {
    throw new Problem('models-sign-in-address', `${by.host} names ${url.host} as ${what}, which is inside a private network.`, { next: 'Set the address in the configuration if this is meant.', details: { fault: 'auth' } })
  }
  return url
}

/** Reads one JSON document. Undefined: there is none (an answer other than 200, or no JSON object). Rejects where nobody answers. */
export async function readDocument(speaker: Speaker, url: URL, signal: AbortSignal): Promise<Answer | undefined> {
  const { status, body } = await ask(speaker, url, { method: 'GET', headers: { accept: 'application/json' } }, signal)
  return status === 200 ? body : undefined
}

/** Sends a form, as every endpoint of OAuth wants it. Rejects where nobody answers in time. */
export function sendForm(speaker: Speaker, url: URL, fields: Readonly<Record<string, string | undefined>>, signal: AbortSignal): Promise<{ status: number; body: Answer }> {
  const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined)
  return ask(speaker, url, { method: 'POST', headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(given).toString() }, signal)
}

/** Sends a JSON object. Rejects where nobody answers in time. */
export function sendJson(speaker: Speaker, url: URL, fields: Readonly<Record<string, string>>, signal: AbortSignal): Promise<{ status: number; body: Answer }> {
  return ask(speaker, url, { method: 'POST', headers: { accept: 'application/json', 'content-type': 'application/json' }, body: JSON.stringify(fields) }, signal)
}

async function ask(speaker: Speaker, url: URL, request: { method: 'GET' | 'POST'; headers: Record<string, string>; body?: string }, signal: AbortSignal): Promise<{ status: number; body: Answer }> {
  const control = new AbortController()
  const stop = (): void => control.abort()
  const cancel = speaker.clock.after(waitMs, stop)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  try {
    // A redirect is not followed: whoever is asked is who the configuration names, and nobody else.
    const answer = await speaker.fetch(url.href, { ...request, signal: control.signal, redirect: 'manual' })
    const chunks: Uint8Array[] = []
    let length = 0
    const reader = answer.body?.getReader()
    for (let piece = await reader?.read(); piece !== undefined && !piece.done; piece = await reader?.read()) {
      length += piece.value.length
      if (length > bytesMax) {
        await reader?.cancel()
        throw new Error('the answer has no end')
      }
      chunks.push(piece.value)
    }
    return { status: answer.status, body: objectOf(Buffer.concat(chunks).toString('utf8')) }
  } catch (cause) {
    if (signal.aborted) throw new Problem('models-sign-in-ended', 'The sign-in was called off.', { next: 'Begin it again.' })
    throw new Problem('models-sign-in-unreachable', `${url.host} did not answer.`, { next: 'Look whether this machine is online, and try again.', cause, details: { fault: 'network' } })
  } finally {
    cancel()
    signal.removeEventListener('abort', stop)
  }
}

function objectOf(text: string): Answer {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Answer) : {}
  } catch {
    // No JSON: an empty answer, which no flow takes for a good one.
    return {}
  }
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Words of a server as a person may see them: one line, nothing that steers a terminal or turns text around. */
export function shown(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim().slice(0, 300)
}

function isOwn(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname)
}

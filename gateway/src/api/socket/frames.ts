import { parseStrictly } from '../http/strict-json.ts'
import type { WireError } from '../wire-error.ts'

/** A request as a client sent it. Unknown top-level keys (`traceparent`, `expectedProfileId`) are accepted and ignored. */
export interface RequestFrame { id: string; method: string; params: unknown }

/**
 * What a message turned out to be. `malformed`: an object that is no request; `id` is its own where it has one. `ours`: a response or an
 * event, which only a gateway sends. `garbage`: nothing that could be read, or that two readers could read differently.
 */
export type ReadFrame = { kind: 'request'; frame: RequestFrame } | { kind: 'malformed'; id: string; reason: string } | { kind: 'ours' } | { kind: 'garbage'; reason: string }

/** Ids are chosen by clients and sent back; the longest of the family's are below a hundred characters. */
const idMax = 256

/** Reads one WebSocket message; binary messages hold the same JSON as text ones (the Swift apps send them). */
export function readFrame(data: Buffer): ReadFrame {
  const parsed = parseStrictly(data.toString('utf8'))
  if (!parsed.ok) return { kind: 'garbage', reason: parsed.reason }
  const { value } = parsed
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'garbage', reason: 'it is no object' }
  const { type, id, method, params } = value as Record<string, unknown>
  if (type === 'res' || type === 'event') return { kind: 'ours' }
  const wrong: string[] = []
  if (type !== 'req') wrong.push('at /type: must be equal to constant')
  if (typeof id !== 'string' || id === '' || id.length > idMax) wrong.push(`at /id: must be a non-empty string of at most ${idMax} characters`)
  if (typeof method !== 'string' || method === '') wrong.push('at /method: must be a non-empty string')
  if (typeof id === 'string' && id !== '' && typeof method === 'string' && wrong.length === 0) return { kind: 'request', frame: { id, method, params: params ?? {} } }
  return { kind: 'malformed', id: typeof id === 'string' && id !== '' && id.length <= idMax ? id : 'invalid', reason: wrong.join('; ') }
}

/** A response. Nothing but the documented keys: clients of protocol 3 drop frames with any other. */
export function responseFrame(id: string, payload: unknown): string {
  return JSON.stringify({ type: 'res', id, ok: true, ...(payload === undefined ? {} : { payload }) })
}

export function errorFrame(id: string, error: WireError): string {
  return JSON.stringify({ type: 'res', id, ok: false, error })
}

/** An event around a payload that was serialised once for everybody. */
export function eventFrame(event: string, payloadJson: string | undefined, seq: number | undefined, stateVersion: { presence: number; health: number } | undefined): string {
  return `{"type":"event","event":${JSON.stringify(event)}${payloadJson === undefined ? '' : `,"payload":${payloadJson}`}${seq === undefined ? '' : `,"seq":${seq}`}${
    stateVersion === undefined ? '' : `,"stateVersion":${JSON.stringify(stateVersion)}`}}`
}

/** A close reason within the protocol's 123 bytes, cut between characters. */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length <= 120) return text
  return bytes.subarray(0, 120).toString('utf8').replace(/\uFFFD+$/, '')
}

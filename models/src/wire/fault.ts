import { Problem, describeError } from '@moltbot/contract'
import type { FaultClass, ModelAnswer, ModelFault } from '@moltbot/contract'
import { list, number, object, parseJson, string } from './read-json.ts'

/** Thrown inside a wire format to end the call with this fault; never leaves the format. */
export class StreamFault extends Error {
  readonly fault: ModelFault
  constructor(fault: ModelFault) {
    super(fault.message)
    this.fault = fault
  }
}

const overflow = /context[_ ]length|context window|maximum context|prompt is too long|too many (?:input )?tokens|input (?:is|was) too long|exceeds? (?:the )?(?:maximum|max|model'?s?) (?:number of )?(?:input )?(?:tokens|context)|token count .*exceeds|reduce the length|request_too_large|request too large for model|exceeds the available context size|larger than the (?:max|context)/i
const billing = /insufficient[_ ](?:quota|credits?|balance|funds)|credit balance|billing|payment required|exceeded your current quota|out of credits|top[ -]?up|spend(?:ing)? limit|usage limit/i
const keyIsWrong = /invalid[_ ](?:x-)?api[_ -]?key|incorrect api key|api[_ ]key[_ ](?:not valid|invalid)|api key not valid|(?:key|token) (?:has been |was |is )?(?:revoked|disabled|deleted|deactivated|expired)|account (?:has been |is )?(?:deactivated|disabled|suspended)|organization has been disabled|no auth credentials/i
const overloaded = /overloaded|over capacity|at capacity|no capacity|server is busy|engine is currently|high demand|model is loading|loading model/i
const rateLimited = /rate[_ -]?limit|too many requests|resource[_ ]?exhausted|tokens per (?:minute|day)|requests per (?:minute|day)|throttl/i
const modelMissing = /model[_ ]not[_ ]found|(?:model|deployment) .{0,120}(?:not found|does not exist|is not available|not supported|unknown)|no such model|unknown model|not a valid model|unsupported model/i
const refused = /content[_ ](?:policy|filter)|safety|prohibited_content|flagged|moderation/i

/**
 * Names a failure by status and by what the server said. Words win over the status where servers are known to disagree
 * (an empty account answers 400, 402, 403 or 429; an overfull prompt 400, 413 or 422).
 */
function classify(status: number | undefined, words: string): FaultClass {
  if (overflow.test(words) && (status === undefined || status === 400 || status === 413 || status === 422 || status === 429 || status >= 500)) {
    // "Tokens per minute" limits speak of tokens too, and are about time, not about size.
    if (!(status === 429 && rateLimited.test(words))) return 'context_overflow'
  }
  if (status === 402) return 'billing'
  if ((status === undefined || status === 400 || status === 403 || status === 429) && billing.test(words)) return 'billing'
  if (status === 401 || status === 403 || status === 407) return keyIsWrong.test(words) ? 'auth_permanent' : 'auth'
  if (status === 400 && keyIsWrong.test(words)) return 'auth_permanent'
  if (status === 404 || status === 410) return 'model_not_found'
  if (status === 408 || status === 504) return 'timeout'
  if (status === 413) return 'context_overflow'
  if (status === 429) return 'rate_limit'
  if (status === 529) return 'overloaded'
  if (status === 503) return 'overloaded'
  if (status !== undefined && status >= 500) return overloaded.test(words) ? 'overloaded' : 'server_error'
  if (modelMissing.test(words)) return 'model_not_found'
  if (status === 409 || status === 425) return 'server_error'
  if (status !== undefined && status >= 400) return refused.test(words) ? 'refusal' : 'format'
  if (status !== undefined && status >= 300) return 'network'
  if (overloaded.test(words)) return 'overloaded'
  if (rateLimited.test(words)) return 'rate_limit'
  if (keyIsWrong.test(words) || /authentication/i.test(words)) return 'auth'
  if (/timeout|timed out|deadline/i.test(words)) return 'timeout'
  if (/invalid_request|invalid_argument|bad request/i.test(words)) return 'format'
  return 'server_error'
}

const said: Record<FaultClass, string> = {
  rate_limit: 'asks us to slow down',
  overloaded: 'is overloaded',
  timeout: 'did not answer in time',
  server_error: 'had an internal error',
  network: 'could not be reached',
  auth: 'did not accept the credential',
  auth_permanent: 'rejects the API key',
  billing: 'refuses for lack of credit or quota',
  model_not_found: 'does not know this model',
  context_overflow: 'says the conversation is too long for this model',
  format: 'did not accept the request',
  refusal: 'declined to answer this',
  abort: 'was stopped',
  budget: 'was not asked, for lack of money',
}

/** Removes what looks like a credential: servers like to quote the key they reject. */
function withoutCredentials(text: string): string {
  return text
    .replace(/\b(?:sk|pk|rk|gsk|xai|fw|csk|tgp|key|AIza)[-_A-Za-z0-9*.]{8,}/g, '[credential]')
    .replace(/\b(Bearer|Basic)\s+[-\w.~+/=*]{6,}/gi, '$1 [credential]')
    .replace(/([?&](?:key|api_key|token)=)[^&\s"']+/gi, '$1[credential]')
    .replace(/\b[A-Za-z0-9_-]{40,}\b/g, '[credential]')
}

/** A server's words on one line, without what steers a terminal or turns text around. */
function oneLine(words: string): string {
  return words.replace(/[\s\p{C}]+/gu, ' ')
}

function sentence(provider: string, kind: FaultClass, status: number | undefined, words: string): string {
  const detail = withoutCredentials(oneLine(words).trim()).slice(0, 300)
  const head = `${provider} ${said[kind]}${status === undefined ? '' : ` (${status})`}`
  return detail === '' ? `${head}.` : `${head}: ${detail}${/[.!?]$/.test(detail) ? '' : '.'}`
}

/** What the body of a failed answer says, as one line: the error message and its codes, or the text of a page. */
export function wordsOf(body: string): string {
  const parsed = parseJson(body)
  const top = object(Array.isArray(parsed) ? parsed[0] : parsed)
  if (top === undefined) {
    return /<html|<!doctype/i.test(body) ? (/<title>([^<]*)<\/title>/i.exec(body)?.[1] ?? 'a web page instead of an answer') : body.slice(0, 2000)
  }
  const error = object(top['error']) ?? top
  const pieces = [
    string(top['error']), string(error['message']), string(error['code']), string(error['type']), string(error['status']),
    string(top['detail']), string(top['message']),
    string(object(error['metadata'])?.['raw']),
    ...list(error['details']).map((detail) => string(object(detail)?.['reason'])),
  ]
  return [...new Set(pieces.filter((piece): piece is string => piece !== undefined && piece !== ''))].join('; ').slice(0, 2000)
}

/** `6m0s`, `1.5s`, `20ms`, `34s` in milliseconds. */
function durationMs(text: string): number | undefined {
  const match = /^(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/.exec(text.trim())
  if (match === null || text.trim() === '') return undefined
  const [, d, h, m, s, ms] = match
  return Math.ceil(Number(d ?? 0) * 86_400_000 + Number(h ?? 0) * 3_600_000 + Number(m ?? 0) * 60_000 + Number(s ?? 0) * 1000 + Number(ms ?? 0))
}

/** How long the server wants us to wait, from its headers or its words; undefined when it does not say. Never more than a day. */
function retryAfterMs(headers: ModelAnswer['headers'], body: string, now: number): number | undefined {
  const found = fromHeaders(headers, now) ?? fromBody(body)
  return found === undefined ? undefined : Math.min(Math.max(found, 0), 86_400_000)
}

function fromHeaders(headers: ModelAnswer['headers'], now: number): number | undefined {
  const ms = headers.get('retry-after-ms')
  if (ms !== null && /^\d+(\.\d+)?$/.test(ms.trim())) return Math.ceil(Number(ms))
  const after = headers.get('retry-after')
  if (after !== null) {
    if (/^\d+(\.\d+)?$/.test(after.trim())) return Math.ceil(Number(after) * 1000)
    const at = Date.parse(after)
    if (!Number.isNaN(at)) return at - now
  }
  const resets: number[] = []
  for (const [name, value] of headers) {
    if (!/^(?:x-ratelimit-reset|anthropic-ratelimit-.*-reset)/.test(name)) continue
    // Only limits that are used up make us wait.
    const left = headers.get(name.replace(/reset/, 'remaining'))
    if (left !== null && Number(left) > 0) continue
    const at = /^\d{4}-/.test(value) ? Date.parse(value) - now : durationMs(value)
    if (at !== undefined && !Number.isNaN(at)) resets.push(at)
  }
  return resets.length === 0 ? undefined : Math.max(...resets)
}

function fromBody(body: string): number | undefined {
  const delay = /"retryDelay"\s*:\s*"([^"]+)"/.exec(body)?.[1]
  if (delay !== undefined) return durationMs(delay)
  const again = /(?:try again|retry) (?:in|after) (\d+(?:\.\d+)?\s?(?:ms|s|m|h)(?:\d[\dms.]*)?)/i.exec(body)?.[1]
  if (again !== undefined) return durationMs(again.replace(/\s/g, ''))
  const seconds = /(?:try again|retry) (?:in|after) (\d+(?:\.\d+)?) ?(second|minute|hour)/i.exec(body)
  if (seconds === null) return undefined
  return Math.ceil(Number(seconds[1]) * (seconds[2] === 'hour' ? 3_600_000 : seconds[2] === 'minute' ? 60_000 : 1000))
}

/** The fault of an answer that is not 2xx. */
export function faultOfAnswer(provider: string, status: number, headers: ModelAnswer['headers'], body: string, now: number): ModelFault {
  const words = wordsOf(body)
  const kind = classify(status, words)
  const wait = kind === 'rate_limit' || kind === 'overloaded' || kind === 'server_error' || kind === 'billing' ? retryAfterMs(headers, body, now) : undefined
  return { class: kind, message: sentence(provider, kind, status, words), status, ...(wait === undefined ? {} : { retryAfterMs: wait }) }
}

/** The fault of an error told inside a stream that began well. `known` is used where the server's own code decides. */
export function faultOfWords(provider: string, words: string, known?: FaultClass, status?: number): ModelFault {
  const kind = known ?? classify(status, words)
  const wait = kind === 'rate_limit' ? fromBody(words) : undefined
  return { class: kind, message: sentence(provider, kind, status, words), ...(status === undefined ? {} : { status }), ...(wait === undefined ? {} : { retryAfterMs: wait }) }
}

const faultClasses: readonly string[] = Object.keys(said)

/** The fault of something thrown by `fetch` or while reading. A `Problem` may name its class in `details.fault`. */
export function faultOfThrown(provider: string, error: unknown): ModelFault {
  if (error instanceof StreamFault) return error.fault
  if (error instanceof Problem) {
    const named = error.details?.['fault']
    const kind = typeof named === 'string' && faultClasses.includes(named) ? (named as FaultClass) : 'network'
    return { class: kind, message: withoutCredentials(error.explain()) }
  }
  const code = codeOf(error)
  if (code !== undefined && /TIMEOUT|ETIMEDOUT/.test(code)) return { class: 'timeout', message: sentence(provider, 'timeout', undefined, code) }
  return { class: 'network', message: sentence(provider, 'network', undefined, code ?? describeError(error)) }
}

function codeOf(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at !== undefined && at !== null && depth < 5; depth++) {
    const code = string(object(at)?.['code'])
    if (code !== undefined) return code
    at = object(at)?.['cause']
  }
  return undefined
}

export function truncated(provider: string): ModelFault {
  return { class: 'network', message: `The connection to ${provider} ended before the answer was complete.` }
}

export function unreadable(provider: string, what: string): ModelFault {
  return { class: 'server_error', message: `${provider} sent something that is not a model's answer: ${withoutCredentials(oneLine(what).slice(0, 120))}` }
}

/** A count as servers send it; 0 for anything that is none. */
export function wholeNumber(value: unknown): number {
  const found = number(value)
  return found === undefined || found < 0 ? 0 : Math.trunc(found)
}

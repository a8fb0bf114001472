import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'

/** What every page of ours may load: only files of this origin, no inline code, framed by nobody. The only frame it holds is of this origin too, and sandboxed (`shown-page.ts`). The one policy for script addresses lets the page's own service worker through and nothing else. */
export const contentPolicy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "connect-src 'self'", "font-src 'self'", "manifest-src 'self'", "worker-src 'self'", "frame-src 'self'",
  "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", 'trusted-types moltbot-worker',
].join('; ')

/** Headers of every answer, whatever it is. */
const always: readonly (readonly [string, string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Content-Security-Policy', contentPolicy],
  ['Permissions-Policy', 'camera=(self), geolocation=(self), microphone=(self), payment=(), usb=()'],
  ['Cache-Control', 'no-store'],
]

/** Sets the headers of every answer. `reference` names this request in the log, for whoever reports a failure. */
export function baseHeaders(response: ServerResponse, reference: string): void {
  for (const [name, value] of always) response.setHeader(name, value)
  response.setHeader('X-Request-Id', reference)
}

/** An answer for a socket that has no `ServerResponse`: what could not be parsed, and upgrades. The connection ends with it. */
export function rawAnswer(status: number, reason: string, more: Readonly<Record<string, string>> = {}): string {
  const body = `${reason}\n`
  const headers = [...always, ['Content-Type', 'text/plain; charset=utf-8'], ['Content-Length', String(Buffer.byteLength(body))], ['Connection', 'close'], ...Object.entries(more)]
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, 'text/plain; charset=utf-8', text)
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(value))
}

export function sendHtml(response: ServerResponse, status: number, html: string): void {
  send(response, status, 'text/html; charset=utf-8', html)
}

export function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body
  response.statusCode = status
  response.setHeader('Content-Type', type)
  response.setHeader('Content-Length', bytes.length)
  response.end(response.req.method === 'HEAD' ? undefined : bytes)
}

export function redirect(response: ServerResponse, to: string): void {
  response.setHeader('Location', to)
  send(response, 303, 'text/plain; charset=utf-8', '')
}

export function wrongMethod(response: ServerResponse, allowed: string): void {
  response.setHeader('Allow', allowed)
  sendText(response, 405, 'Method Not Allowed')
}

/** A text that is safe inside HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** The value of one cookie. */
export function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=')
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim()
  }
  return undefined
}

/** The longest address that is read, in characters. */
export const urlMax = 8192

/**
 * The one spelling of a path on which it is both judged and served. Undefined: not canonical (absolute form, dot segments,
 * doubled slashes, backslashes, needless or nested percent-encoding, control characters), and then it is nobody's path.
 */
export function canonicalPath(url: string): { path: string; query: URLSearchParams } | undefined {
  if (!url.startsWith('/') || url.length > urlMax) return undefined
  const [raw = '', ...rest] = url.split('?')
  const segments = raw.slice(1).split('/')
  for (const [index, segment] of segments.entries()) {
    if (segment === '' && index < segments.length - 1) return undefined
    let plain: string
    try {
      plain = decodeURIComponent(segment)
    } catch {
      return undefined // Not valid UTF-8 behind the percent signs.
    }
    if (plain === '.' || plain === '..' || /[/\\;]/.test(plain) || [...plain].some((character) => character < ' ' || character === '\u007f')) return undefined
    // Whatever needs no encoding must come plain; then two spellings of one path cannot exist.
    const expected = encodeURIComponent(plain)
    if (segment !== expected && segment !== expected.replace(/%(3A|40|24|26|2B|2C|3D)/g, (code) => decodeURIComponent(code))) return undefined
  }
  return { path: raw, query: new URLSearchParams(rest.join('?')) }
}

import type { IncomingMessage, ServerResponse } from 'node:http'

/** What every page of ours may load: only files of this origin, no inline code, nothing framed. */
export const contentPolicy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "connect-src 'self'", "font-src 'self'", "manifest-src 'self'", "worker-src 'self'",
  "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", 'trusted-types default dompurify moltbot',
].join('; ')

/** Headers of every answer, whatever it is. */
export function baseHeaders(response: ServerResponse): void {
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('X-Frame-Options', 'DENY')
  response.setHeader('Referrer-Policy', 'no-referrer')
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
  response.setHeader('Content-Security-Policy', contentPolicy)
  response.setHeader('Permissions-Policy', 'camera=(), geolocation=(), payment=(), usb=()')
  response.setHeader('Cache-Control', 'no-store')
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

/** The body, or `too-large` as soon as it passes the limit (the rest is not read), or `broken` when the client went away. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | 'too-large' | 'broken'> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return Promise.resolve('too-large')
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > bytesMax) {
        request.pause()
        request.removeAllListeners('data')
        return resolve('too-large')
      }
      chunks.push(chunk)
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', () => resolve('broken'))
    request.on('close', () => resolve('broken'))
  })
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

/**
 * The one spelling of a path on which it is both judged and served. Undefined: not canonical (absolute form, dot segments,
 * doubled slashes, backslashes, needless or nested percent-encoding, control characters), and then it is nobody's path.
 */
export function canonicalPath(url: string): { path: string; query: URLSearchParams } | undefined {
  if (!url.startsWith('/') || url.length > 8192) return undefined
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

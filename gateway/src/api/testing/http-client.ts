import { request, type IncomingHttpHeaders } from 'node:http'
import { testToken } from './test-client.ts'

export interface Answer { status: number; headers: IncomingHttpHeaders; text: string }

/** One request exactly as given: no header is added but what HTTP cannot do without. */
export function askAt(port: number, path: string, options: { method?: string; headers?: Record<string, string | string[]>; body?: string; host?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: options.host ?? '127.0.0.1', port, path, method: options.method ?? 'GET', headers: { ...(options.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(options.body)) }), ...options.headers }, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString('utf8') }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(options.body)
  })
}

/** The cookies an answer sets, as a browser would send them back. */
export function cookiesOf(answer: Pick<Answer, 'headers'>): string {
  return (answer.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0] ?? '').join('; ')
}

/** The hidden proof inside a form. */
export function formOf(answer: Pick<Answer, 'text'>): string {
  return /name="form" value="([^"]+)"/.exec(answer.text)?.[1] ?? ''
}

/** What a browser sends with a form of the gateway's own page. */
export function ownPage(port: number): Record<string, string> {
  return { origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' }
}

/** A browser that signs in by the form, as a person does. `cookie` is the session's alone. */
export async function signInByForm(port: number, options: { token?: string; headers?: Record<string, string> } = {}): Promise<{ answer: Answer; cookie: string }> {
  const page = await askAt(port, '/login', { headers: options.headers ?? {} })
  const answer = await askAt(port, '/login', {
    method: 'POST', headers: { ...ownPage(port), ...options.headers, cookie: [options.headers?.['cookie'], cookiesOf(page)].filter((part) => part !== undefined && part !== '').join('; ') },
    body: new URLSearchParams({ form: formOf(page), token: options.token ?? testToken }).toString(),
  })
  const cookie = cookiesOf(answer).split('; ').find((part) => /^(?:__Host-)?moltbot_session_\d+=.+/.test(part)) ?? ''
  return { answer, cookie }
}

import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Problem } from '@moltbot/contract'
import type { Clock } from '@moltbot/contract'
import type { SignInStep } from '../types.ts'

const lifeMs = 10 * 60_000
/** Of the wrong kind, before nobody listens any more. */
const wrongMax = 20

/** Hands in the address a browser ended at, where it could not reach this machine. Throws a `Problem` for what is not the answer to this sign-in. */
export type HandIn = (address: string) => void

export interface BrowserQuestion {
  /** Where the browser is sent back to on this machine; without a port any free one is taken. */
  back: URL
  /** The address to open, for the one it comes back to. */
  addressFor(back: string): string
  /** The code in an answer, or the no of the server. Throws for what is not meant for this sign-in, which stays open then. */
  read(query: URLSearchParams): string | Problem
}

/**
 * Sends a person to a page and waits for the one answer their browser brings back to the loopback interface (RFC 8252), with the address it
 * came to. Rejects with a `Problem` when it is over without; nobody listens then any more.
 */
export async function answerOfBrowser({ back, addressFor, read }: BrowserQuestion, clock: Clock, show: (step: SignInStep, handIn: HandIn) => void, signal: AbortSignal): Promise<{ code: string; back: string }> {
  let settle: (code: string) => void = () => undefined
  let fail: (problem: Problem) => void = () => undefined
  const answered = new Promise<string>((resolve, reject) => {
    settle = resolve
    fail = reject
  })
  answered.catch(() => undefined) // It may be over before anybody waits for it.

  /** Takes the answer, and says so to whoever brought it. */
  const take = (query: URLSearchParams): string => {
    const found = read(query)
    if (typeof found !== 'string') {
      fail(found)
      return 'Nobody was signed in. You can close this window.'
    }
    settle(found)
    return 'Thank you. You can close this window and go back to Moltbot.'
  }

  const { listener, port } = await listenOnce(back, take, () => fail(new Problem('models-sign-in-ended', 'Too many wrong answers came in.', { next: 'Begin it again.' })))
  const here = new URL(back.href)
  here.port = String(port)
  const until = clock.now() + lifeMs
  const cancel = clock.after(lifeMs, () => fail(new Problem('models-sign-in-expired', 'Nobody signed in within ten minutes.', { next: 'Begin it again.' })))
  const onStop = (): void => fail(new Problem('models-sign-in-ended', 'The sign-in was called off.', { next: 'Begin it again.' }))
  if (signal.aborted) onStop()
  else signal.addEventListener('abort', onStop, { once: true })
  try {
    show({ kind: 'browser', url: addressFor(here.href), until }, (address) => {
      const given = URL.canParse(address) ? new URL(address) : undefined
      if (given === undefined || given.pathname !== here.pathname) throw new Problem('models-sign-in-state', 'This is not the address the browser ended at.', { next: `It begins with ${here.origin}${here.pathname}.` })
      take(given.searchParams)
    })
    return { code: await answered, back: here.href }
  } finally {
    cancel()
    signal.removeEventListener('abort', onStop)
    listener.close()
    listener.closeIdleConnections()
  }
}

/** The one value under a name; undefined where it is missing or stands there twice. */
export function only(query: URLSearchParams, name: string): string | undefined {
  return query.getAll(name).length === 1 ? (query.get(name) ?? undefined) : undefined
}

/** The code of an answer that is one. Throws `models-sign-in-state`. */
export function codeIn(query: URLSearchParams): string {
  const code = only(query, 'code')
  if (code === undefined || code.length > 4_096) throw new Problem('models-sign-in-state', 'There is no code in this answer.', { next: 'Begin it again.' })
  return code
}

/** A listener for one answer, on the loopback interface alone. */
async function listenOnce(wanted: URL, take: (query: URLSearchParams) => string, tooMany: () => void): Promise<{ listener: Server; port: number }> {
  let over = false
  let wrong = 0
  const listener = createServer({ maxHeaderSize: 16_384, requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    const say = (status: number, words: string): void => void response.writeHead(status, {
      'content-type': 'text/plain; charset=utf-8', 'content-security-policy': "default-src 'none'; frame-ancestors 'none'", 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', connection: 'close',
    }).end(words)
    const host = request.headers.host ?? ''
    const at = (listener.address() as AddressInfo | null)?.port
    // Another name for this machine is another site's, which may only look.
    if (![`127.0.0.1:${at}`, `localhost:${at}`].includes(host)) return say(403, 'This is not for you.')
    const url = new URL(request.url ?? '/', `http://${host}`)
    if (request.method !== 'GET' || url.pathname !== wanted.pathname) return say(404, 'Not Found')
    if (over) return say(410, 'This sign-in is over.')
    try {
      const words = take(url.searchParams)
      over = true
      say(200, words)
    } catch (error) {
      if (++wrong >= wrongMax) tooMany()
      say(400, error instanceof Problem ? error.explain() : 'This answer cannot be used.')
    }
  })
  listener.maxConnections = 10
  await new Promise<void>((resolve, reject) => {
    listener.once('error', (cause) => reject(new Problem('models-sign-in-port', `The port ${wanted.port} for the answer of the browser is in use.`, { next: 'Leave the port out of oauth.redirectUri, or use --device.', cause })))
    listener.listen(Number(wanted.port), '127.0.0.1', resolve)
  })
  return { listener, port: (listener.address() as AddressInfo).port }
}

import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Problem } from '@moltbot/contract'
import type { AuthorizationServer, OauthConfig } from './authorization-server.ts'
import type { SignInStep } from '../types.ts'
import { shown } from './speak.ts'
import type { Answer, Speaker } from './speak.ts'
import { askForTokens, Refused } from './tokens.ts'
import type { Client } from './tokens.ts'

const lifeMs = 10 * 60_000
/** Of the wrong kind, before nobody listens any more. */
const wrongMax = 20
const redirectDefault = 'http://127.0.0.1/callback'

/** Hands in the address a browser ended at, where it could not reach this machine. Throws a `Problem` for what is not the answer to this sign-in. */
export type HandIn = (address: string) => void

/**
 * Authorization code with PKCE (RFC 7636) and a redirect to this machine (RFC 8252): listens on the loopback interface for one answer, which
 * must bear this sign-in's own state. Rejects with a `Problem` when it is over without; nobody listens then any more.
 */
export async function signInByBrowser(
  authorize: URL, server: Pick<AuthorizationServer, 'issuer' | 'namesItself'>, client: Client, oauth: Pick<OauthConfig, 'scopes' | 'redirectUri' | 'parameters'>,
  speaker: Speaker, random: (bytes: number) => Buffer, show: (step: SignInStep, handIn: HandIn) => void, signal: AbortSignal,
): Promise<Answer & { access_token: string }> {
  const state = random(32).toString('base64url')
  const verifier = random(32).toString('base64url')
  const wanted = redirectOf(oauth.redirectUri ?? redirectDefault)
  let settle: (code: string) => void = () => undefined
  let fail: (problem: Problem) => void = () => undefined
  const answered = new Promise<string>((resolve, reject) => {
    settle = resolve
    fail = reject
  })
  answered.catch(() => undefined) // It may be over before anybody waits for it.

  /** Takes the answer of the server, and says so to whoever brought it. Throws for what is not meant for this sign-in, which stays open then. */
  const take = (query: URLSearchParams): string => {
    const one = (name: string): string | undefined => (query.getAll(name).length === 1 ? (query.get(name) ?? undefined) : undefined)
    if (!same(one('state') ?? '', state)) throw new Problem('models-sign-in-state', 'This is not the answer to the sign-in that was begun here.', { next: 'Begin it again and use its own link.' })
    const issuer = one('iss')
    if (server.issuer !== undefined && (issuer === undefined ? server.namesItself : issuer !== server.issuer)) throw new Problem('models-sign-in-issuer', 'The answer is of another server than the one that was asked.', { next: 'Begin it again.' })
    const error = one('error')
    if (error !== undefined) {
      fail(error === 'access_denied' ? new Problem('models-sign-in-denied', 'Somebody said no on the page.', { next: 'Begin it again.' }) : new Refused(shown(error).slice(0, 60), authorize.host, shown(one('error_description') ?? '')))
      return 'Nobody was signed in. You can close this window.'
    }
    const code = one('code')
    if (code === undefined || code.length > 4_096) throw new Problem('models-sign-in-state', 'There is no code in this answer.', { next: 'Begin it again.' })
    settle(code)
    return 'Thank you. You can close this window and go back to Moltbot.'
  }

  const { listener, port } = await listenOnce(wanted, take, () => fail(new Problem('models-sign-in-ended', 'Too many wrong answers came in.', { next: 'Begin it again.' })))
  const redirect = new URL(wanted.href)
  redirect.port = String(port)
  const until = speaker.clock.now() + lifeMs
  const cancel = speaker.clock.after(lifeMs, () => fail(new Problem('models-sign-in-expired', 'Nobody signed in within ten minutes.', { next: 'Begin it again.' })))
  const onStop = (): void => fail(new Problem('models-sign-in-ended', 'The sign-in was called off.', { next: 'Begin it again.' }))
  if (signal.aborted) onStop()
  else signal.addEventListener('abort', onStop, { once: true })
  try {
    const url = new URL(authorize)
    const asked = {
      ...oauth.parameters, response_type: 'code', client_id: client.clientId, redirect_uri: redirect.href, state, code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
      ...(oauth.scopes.length === 0 ? {} : { scope: oauth.scopes.join(' ') }),
    }
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
    show({ kind: 'browser', url: url.href, until }, (address) => {
      const given = URL.canParse(address) ? new URL(address) : undefined
      if (given === undefined || given.pathname !== redirect.pathname) throw new Problem('models-sign-in-state', 'This is not the address the browser ended at.', { next: `It begins with ${redirect.origin}${redirect.pathname}.` })
      take(given.searchParams)
    })
    const code = await answered
    return await askForTokens(client, { grant_type: 'authorization_code', code, redirect_uri: redirect.href, code_verifier: verifier }, speaker, signal)
  } finally {
    cancel()
    signal.removeEventListener('abort', onStop)
    listener.close()
    listener.closeIdleConnections()
  }
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

/** Where the browser is sent back to: this machine, nowhere else. */
function redirectOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.protocol !== 'http:' || !['127.0.0.1', 'localhost'].includes(url.hostname) || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new Problem('models-sign-in-address', 'oauth.redirectUri has to be an address of this machine, like http://127.0.0.1/callback.', { next: 'Correct it in the configuration.' })
  }
  return url
}

function same(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}

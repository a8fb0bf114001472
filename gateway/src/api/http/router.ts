import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AttemptLimit } from '../attempt-limit.ts'
import { isLink, kindOfLink, type BrowserKind, type BrowserSession, type BrowserSessions } from '../browser-sessions.ts'
import type { GatewayConfig } from '../config.ts'
import type { FormTokens } from '../form-tokens.ts'
import type { Identified } from '../identity.ts'
import type { CredentialSource } from '../credentials.ts'
import type { Rooms } from '../rooms.ts'
import { signInListHtml } from '../sign-in-pages.ts'
import { doorPrincipal } from '../socket/admission.ts'
import type { Source } from '../source.ts'
import { completeChat, listModels } from './chat-completions.ts'
import { envelopeFault } from './envelope.ts'
import { sendKeptFile } from './kept-file.ts'
import { sendShownPage } from './shown-page.ts'
import { sendAgain, sendLogin, sendLoginStyle, sendNotice, sendSignIns } from './login-page.ts'
import type { PageFiles } from './page-files.ts'
import { takeBody } from './request-body.ts'
import { baseHeaders, canonicalPath, cookieOf, redirect, sendJson, sendText, wrongMethod } from './respond.ts'

type Known = Extract<Source, { kind: 'known' }>

export interface RouterParts {
  rooms: Rooms
  config: () => GatewayConfig
  credentials: CredentialSource
  attempts: AttemptLimit
  browserSessions: BrowserSessions
  pages: PageFiles
  cookieName: () => string
  forms: FormTokens
  /** Where a request came from, by the rules of the listener it came through. */
  sourceOf: (request: IncomingMessage, strictOrigin: boolean) => Source
  /** Who a proxy says this is; undefined on the ordinary listeners, which never look. */
  identify: (request: IncomingMessage) => Promise<Identified | undefined>
  secure: boolean
  /** What is not ready, by name; empty when everything is. */
  ready: () => Promise<string[]>
  refused: (address: string, kind: string, reason: string) => void
}

export interface Router {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** The signed-in browser a request belongs to; used for upgrades too. */
  browserOf(request: IncomingMessage): Promise<BrowserSession | undefined>
  /** Whether a WebSocket may be opened at this address: any but those that HTTP answers itself. */
  mayUpgrade(url: string): boolean
}

/** Where the page may be opened with its own address; everything else that is no file is 404. */
const pageRoutes = /^\/(?:$|(?:chat|sessions|settings|channels|pairing|logs|status)(?:\/|$))/
const loginBodyMax = 8192
/** Addresses that never become a WebSocket. Clients of the family open theirs anywhere else. */
const answeredHere = /^\/(?:v1(?:\/|$)|(?:health|healthz|readyz|files(?:\/.*)?|canvas(?:\/.*)?|login|login\.css|logout|ui-config\.json|index\.html)$)/

function basePathOf(config: GatewayConfig): string {
  const trimmed = config.controlUi.basePath.trim().replace(/(?<!\/)\/+$/, '')
  return trimmed === '' ? '' : trimmed.startsWith('/') ? trimmed : `/${trimmed}`
}

export function createRouter(parts: RouterParts): Router {
  const { rooms, credentials, attempts, browserSessions, pages } = parts
  const idleMs = (): number => parts.config().controlUi.sessionIdleMinutes * 60_000
  const lifeMs = (kind: BrowserKind): number => (kind === 'device' ? parts.config().controlUi.deviceDays * 86_400_000 : parts.config().controlUi.sessionMinutes * 60_000)

  const browserOf = async (request: IncomingMessage): Promise<BrowserSession | undefined> => {
    const cookie = cookieOf(request, parts.cookieName())
    if (cookie === undefined) return undefined
    const who = await parts.identify(request)
    if (who?.kind === 'refused') return undefined
    return browserSessions.find(cookie, await credentials.current(), idleMs(), { userAgent: request.headers['user-agent'], via: who?.via ?? 'secret' })
  }
  const setCookie = (response: ServerResponse, name: string, value: string, seconds: number): void => {
    response.appendHeader('Set-Cookie', `${name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${parts.secure ? '; Secure' : ''}`)
  }
  const formCookie = (): string => `${parts.cookieName()}_form`
  /** The form for the secret, bound to this browser by a cookie of its own, so that nobody else can send it in its name. */
  const showLogin = (request: IncomingMessage, response: ServerResponse, status: number, base: string, mode: 'token' | 'password', wrong?: string): void => {
    const known = cookieOf(request, formCookie())
    const cookie = known !== undefined && /^[A-Za-z0-9_-]{43}$/.test(known) ? known : parts.forms.newCookie()
    if (cookie !== known) setCookie(response, formCookie(), cookie, 3600)
    sendLogin(response, status, base, mode, parts.forms.issue('login', cookie), wrong)
  }
  /** Signs a browser in; a session it had before ends with that. */
  const enter = async (request: IncomingMessage, response: ServerResponse, source: Known, via: string, kind: BrowserKind = 'browser'): Promise<void> => {
    const before = await browserOf(request)
    const facts = { userAgent: request.headers['user-agent'], address: source.local ? null : source.address, via }
    const { cookie } = await browserSessions.create(await credentials.current(), lifeMs(kind), facts, before?.digest, kind)
    setCookie(response, parts.cookieName(), cookie, Math.floor(lifeMs(kind) / 1000))
  }

  /** Checks a presented secret under the limit on guessing. A number: locked for that many milliseconds. */
  const check = (presented: string, source: Known): Promise<boolean | number> => attempts.inTurn(source.address, async () => {
    const now = await credentials.current()
    const waitMs = attempts.lockedForMs(source.address, 'shared')
    const ownMachine = source.local && !source.browser && now.strong
    if (waitMs > 0 && !ownMachine) return waitMs
    if (await now.matches(presented, 'either')) {
      attempts.succeeded(source.address, 'shared')
      return true
    }
    await attempts.failed(source.address, 'shared')
    parts.refused(source.address, 'credential', 'wrong secret over HTTP')
    return waitMs > 0 ? waitMs : false
  })
  const minutes = (waitMs: number): string => `Too many wrong attempts from your address. Try again in ${Math.max(1, Math.ceil(waitMs / 60_000))} min.`

  /** For programs: only the Authorization header counts, so no web page can borrow a signed-in browser. */
  const bearer = async (request: IncomingMessage, response: ServerResponse, source: Known): Promise<boolean> => {
    const presented = /^Bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1]
    const verdict = presented === undefined ? false : await check(presented, source)
    if (verdict === true) return true
    if (typeof verdict === 'number') {
      response.setHeader('Retry-After', Math.ceil(verdict / 1000))
      sendJson(response, 429, { error: { message: minutes(verdict), type: 'rate_limit_error' } })
    } else {
      response.setHeader('WWW-Authenticate', 'Bearer')
      sendJson(response, 401, { error: { message: 'Unauthorized', type: 'unauthorized' } })
    }
    return false
  }

  const signIn = async (presented: string, request: IncomingMessage, source: Known, response: ServerResponse, base: string): Promise<void> => {
    const now = await credentials.current()
    const linked = await browserSessions.useLink(presented)
    const verdict = linked || (await check(presented, source))
    if (verdict === true) {
      await enter(request, response, source, 'secret', linked ? kindOfLink(presented) : 'browser')
      return redirect(response, `${base}/`)
    }
    if (typeof verdict === 'number') {
      response.setHeader('Retry-After', Math.ceil(verdict / 1000))
      return showLogin(request, response, 429, base, now.mode, minutes(verdict))
    }
    const wrong = now.configured ? `That is not this gateway's ${now.mode}. If it was changed, use the newest one.` : `This gateway has no ${now.mode} yet; set gateway.auth.${now.mode} or run scripts/start-moltbot.sh.`
    showLogin(request, response, 401, base, now.mode, isLink(presented) ? 'This link was used already, or is too old. Make another one: moltbot login link, or the code in People' : wrong)
  }

  const health = async (path: string, response: ServerResponse): Promise<void> => {
    if (path !== '/readyz') return sendJson(response, 200, { ok: true, status: 'live' })
    const failing = await parts.ready()
    sendJson(response, failing.length === 0 ? 200 : 503, { ready: failing.length === 0, failing })
  }

  const models = async (path: string, request: IncomingMessage, response: ServerResponse, source: Known): Promise<void> => {
    if (!(await bearer(request, response, source))) return
    if (!parts.config().http.endpoints.chatCompletions.enabled) return sendText(response, 404, 'Not Found')
    if (path === '/v1/chat/completions') {
      if (request.method !== 'POST') return wrongMethod(response, 'POST')
      return completeChat(rooms, request, response, parts.config().http.endpoints.chatCompletions.maxBodyBytes)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod(response, 'GET, HEAD')
    const all = listModels(rooms)
    if (path === '/v1/models') return sendJson(response, 200, { object: 'list', data: all })
    const name = decodeURIComponent(path.slice('/v1/models/'.length))
    const found = all.find((model) => model.id === name)
    if (found === undefined) return sendJson(response, 404, { error: { message: `There is no model "${name}". Ask GET /v1/models for the names.`, type: 'invalid_request_error', param: 'model', code: 'model_not_found' } })
    sendJson(response, 200, found)
  }

  const page = async (path: string, query: URLSearchParams, base: string, request: IncomingMessage, response: ServerResponse, source: Known): Promise<void> => {
    const reading = request.method === 'GET' || request.method === 'HEAD'
    if (path === '/login.css') return reading ? sendLoginStyle(response) : wrongMethod(response, 'GET, HEAD')
    if (path === '/login' || path === '/logout') {
      if (request.method === 'POST') return form(path, base, request, response, source)
      if (!reading) return wrongMethod(response, 'GET, HEAD, POST')
      if (path === '/login') return showLogin(request, response, 200, base, (await credentials.current()).mode)
      const here = await browserOf(request)
      if (here === undefined) return redirect(response, `${base}/login`)
      return sendSignIns(response, base, signInListHtml({ base, form: parts.forms.issue('logout', here.digest), here: here.id, now: rooms.clock.now(), signIns: await browserSessions.list() }))
    }
    if (path.startsWith('/files/')) return file(path.slice('/files/'.length), request, response, source)
    if (path.startsWith('/canvas/')) return shownPage(path.slice('/canvas/'.length), request, response, source)
    const isPage = pageRoutes.test(path)
    if (!isPage && !pages.has(path) && path !== '/ui-config.json') return sendText(response, 404, 'Not Found')
    if (!reading) return wrongMethod(response, 'GET, HEAD')
    if (pages.has(path)) return pages.send(request, response, path)
    const token = query.get('token')
    if (token !== null && isPage && request.method === 'GET') {
      // Whoever is sent here by another page may be sent into somebody else's session: then a person types it.
      if (source.crossSite) return showLogin(request, response, 200, base, (await credentials.current()).mode, 'Another page sent you here with a sign-in link. If you wanted that, enter the token yourself, or open the link in a new tab.')
      return signIn(token, request, source, response, base)
    }

    const session = await browserOf(request)
    if (path === '/ui-config.json') {
      if (session === undefined) return sendJson(response, 401, { error: { message: 'Unauthorized', type: 'unauthorized' } })
      const agents = rooms.agents.list()
      return sendJson(response, 200, { version: rooms.version, agentName: (agents.find((agent) => agent.isDefault) ?? agents[0])?.name ?? 'Moltbot', sessionDefault: rooms.sessions.resolveKey('main') })
    }
    if (session === undefined) return source.crossSite ? sendAgain(response, base, `${base}${path}`) : redirect(response, `${base}/login`)
    if (!pages.built()) {
      return sendNotice(response, 503, base, 'The page is not built yet', ['The gateway itself is running. Build its page with <code>npm run build</code> and reload.', 'Until then <code>moltbot chat</code> talks to your assistant in the terminal.'])
    }
    return pages.send(request, response, '/index.html')
  }

  /** A file the assistant sent: for a signed-in browser of our own pages, and for programs with the secret. */
  const file = async (id: string, request: IncomingMessage, response: ServerResponse, source: Known): Promise<void> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod(response, 'GET, HEAD')
    if (request.headers.authorization !== undefined) {
      // The gateway's secret is the owner's.
      return (await bearer(request, response, source)) ? sendKeptFile(rooms, id, doorPrincipal, response) : undefined
    }
    const session = source.crossSite ? undefined : await browserOf(request)
    if (session === undefined) return sendText(response, 401, 'Unauthorized')
    return sendKeptFile(rooms, id, session.principal === doorPrincipal.id ? doorPrincipal : await rooms.guard.principal(session.principal), response)
  }

  /** What the assistant shows, for the page that holds it in a frame. */
  const shownPage = async (id: string, request: IncomingMessage, response: ServerResponse, source: Known): Promise<void> => {
    if (request.method !== 'GET') return wrongMethod(response, 'GET')
    const session = source.crossSite ? undefined : await browserOf(request)
    const who = session === undefined ? undefined : session.principal === doorPrincipal.id ? doorPrincipal : await rooms.guard.principal(session.principal)
    sendShownPage(rooms, id, who, request, response)
  }

  const form = async (path: string, base: string, request: IncomingMessage, response: ServerResponse, source: Known): Promise<void> => {
    // What a cookie does for a browser is done for our own pages alone; programs have the Authorization header.
    if (!source.sameOrigin) return sendText(response, 403, 'This form was not sent by a page of this gateway.')
    const body = await takeBody(request, response, { type: 'application/x-www-form-urlencoded', bytesMax: loginBodyMax, clock: rooms.clock, refuse: (status, reason) => sendText(response, status, reason) })
    if (body === undefined) return
    const given = new URLSearchParams(body)
    if (path === '/logout') return signOut(given, base, request, response)
    if (!parts.forms.holds('login', cookieOf(request, formCookie()), given.get('form'))) return showLogin(request, response, 403, base, (await credentials.current()).mode, 'This form was out of date. Please enter it once more.')
    return signIn(given.get('token') ?? '', request, source, response, base)
  }

  const signOut = async (given: URLSearchParams, base: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const session = await browserOf(request)
    if (session !== undefined) {
      if (!parts.forms.holds('logout', session.digest, given.get('form'))) return sendText(response, 403, 'This form was out of date. Go back, reload the page and try again.')
      const end = given.get('end') ?? 'this'
      if (end !== 'this' && end !== 'all') {
        await browserSessions.end(end)
        return redirect(response, end === session.id ? `${base}/login` : `${base}/logout`)
      }
      await (end === 'all' ? browserSessions.endAll() : browserSessions.remove(session.digest))
    }
    setCookie(response, parts.cookieName(), '', 0)
    redirect(response, `${base}/login`)
  }

  /** On the listener of a proxy its word is what counts, and nothing else: no secret, no endpoint for programs. */
  const admitNamed = async (who: Identified, path: string, request: IncomingMessage, response: ServerResponse, source: Known): Promise<'answered' | 'go on'> => {
    if (who.kind === 'refused') {
      parts.refused(source.address, 'identity', who.reason)
      sendText(response, 403, who.reason)
      return 'answered'
    }
    if (path.startsWith('/v1') || path.endsWith('/login')) {
      sendText(response, 404, 'Not Found')
      return 'answered'
    }
    if (request.method !== 'GET' || pages.has(path) || (await browserOf(request)) !== undefined) return 'go on'
    await enter(request, response, source, who.via)
    redirect(response, path)
    return 'answered'
  }

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const fault = envelopeFault(request)
    if (fault !== undefined) {
      response.setHeader('Connection', 'close')
      return sendText(response, fault.status, fault.reason)
    }
    const target = canonicalPath(request.url ?? '')
    if (target === undefined) return sendText(response, 400, 'Bad Request')
    const { path, query } = target
    const method = request.method ?? ''
    if (path === '/health' || path === '/healthz' || path === '/readyz') return method === 'GET' || method === 'HEAD' ? health(path, response) : wrongMethod(response, 'GET, HEAD')
    const changing = method !== 'GET' && method !== 'HEAD'
    if (changing && method !== 'POST') return wrongMethod(response, 'GET, HEAD, POST')

    const source = parts.sourceOf(request, changing)
    if (source.kind === 'refused') {
      parts.refused(source.address, source.code, source.reason)
      return sendText(response, source.status, source.reason)
    }
    const who = await parts.identify(request)
    if (who !== undefined && (await admitNamed(who, path, request, response, source)) === 'answered') return
    if (path === '/v1/chat/completions' || path === '/v1/models' || path.startsWith('/v1/models/')) return models(path, request, response, source)
    const config = parts.config()
    const base = basePathOf(config)
    if (!config.controlUi.enabled) return sendText(response, 404, 'Not Found')
    if (base !== '' && path === base) return redirect(response, `${base}/`)
    if (!path.startsWith(`${base}/`)) return sendText(response, 404, 'Not Found')
    return page(path.slice(base.length), query, base, request, response, source)
  }

  return {
    browserOf,
    mayUpgrade(url) {
      const target = canonicalPath(url)
      if (target === undefined) return false
      const config = parts.config()
      const path = target.path.startsWith(`${basePathOf(config)}/`) ? target.path.slice(basePathOf(config).length) : target.path
      return !answeredHere.test(target.path) && !answeredHere.test(path) && !pages.has(path)
    },
    async handle(request, response) {
      const reference = rooms.newId('req')
      baseHeaders(response, reference)
      try {
        await route(request, response)
      } catch (error) {
        rooms.log.error('A request failed.', { reference, method: request.method, path: (request.url ?? '').split('?')[0], error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
        if (response.headersSent) response.destroy()
        else sendText(response, 500, `The gateway could not answer because of an error of its own. The log names it under ${reference}.`)
      }
    },
  }
}

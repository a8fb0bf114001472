import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface AuthorizationServerOptions {
  clientId?: string
  /** Wanted of the client as well; absent: a public client. */
  clientSecret?: string
  /** How long an access token counts, in seconds; null: it does not say. */
  lifeSeconds?: number | null
  /** False: refresh tokens stay as they are. */
  rotates?: boolean
  /** The e-mail address in the ID token; absent: there is none. */
  email?: string
  /** What it says of itself in place of its own address. */
  issuer?: string
  /** Leaves these out of its metadata. */
  without?: readonly ('device' | 'authorize' | 'revoke')[]
  /** Seconds between two questions about a code. */
  interval?: number
}

export interface AuthorizationServer {
  issuer: string
  endpoint(name: 'authorize' | 'token' | 'device' | 'revoke'): string
  /** Forms that came in, in order, with the place they came to. */
  asked: { place: string; form: Record<string, string>; authorization: string | undefined }[]
  /** Somebody typed the code on the page. */
  approve(userCode: string): void
  deny(userCode: string): void
  /** What a browser does on the page to sign in: the address it is sent back to. */
  visit(url: string, how?: { deny?: boolean; state?: string; iss?: string | null }): Promise<string>
  /** The next answers of the token place: an error, a status, a dropped line before or (having given out tokens) after the work. */
  next(...answers: ({ error: string; description?: string } | { status: number; body?: string } | 'drop' | 'drop-after')[]): void
  /** Whether an access token counts now. */
  accepts(token: string | undefined): boolean
  /** As if the person took everything back at the provider. */
  revokeAll(): void
  /** Makes one access token count no more; its refresh token still does. */
  expire(token: string): void
  /** How often each refresh token was used. */
  uses: Map<string, number>
  /** Holds answers of the token place until the returned function is called. */
  hold(): () => void
  /** Resolves once so many forms came to the place. */
  arrived(place: string, count: number): Promise<void>
  close(): Promise<void>
}

interface Grant { live: boolean; access: Set<string>; refresh: Set<string>; spent: Set<string> }

export async function startAuthorizationServer(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const { clientId = 'moltbot-test', lifeSeconds = 3600, rotates = true, without = [], interval = 1 } = options
  const asked: AuthorizationServer['asked'] = []
  const grants: Grant[] = []
  const codes = new Map<string, { redirect: string; challenge: string; used: boolean }>()
  const devices = new Map<string, { userCode: string; state: 'pending' | 'approved' | 'denied' | 'used' }>()
  const planned: Parameters<AuthorizationServer['next']>[0][] = []
  const uses = new Map<string, number>()
  const listeners = new Set<() => void>()
  let held: Promise<void> | undefined
  let origin = ''
  const random = (prefix: string): string => `${prefix}-${randomBytes(18).toString('base64url')}`

  const give = (grant: Grant): Record<string, unknown> => {
    const access = random('at')
    grant.access.add(access)
    const refresh = rotates || grant.refresh.size === 0 ? random('rt') : [...grant.refresh][0] ?? ''
    if (rotates) for (const old of grant.refresh) grant.spent.add(old)
    grant.refresh = new Set([refresh])
    const claims = Buffer.from(JSON.stringify({ email: options.email })).toString('base64url')
    return {
      access_token: access, token_type: 'Bearer', refresh_token: refresh, ...(lifeSeconds === null ? {} : { expires_in: lifeSeconds }), scope: 'chat', ...(options.email === undefined ? {} : { id_token: `e30.${claims}.c2ln` }),
    }
  }
  const begin = (): Record<string, unknown> => {
    const grant: Grant = { live: true, access: new Set(), refresh: new Set(), spent: new Set() }
    grants.push(grant)
    return give(grant)
  }

  const token = (form: Record<string, string>): { status: number; body: Record<string, unknown> } => {
    const no = (error: string, description?: string) => ({ status: 400, body: { error, ...(description === undefined ? {} : { error_description: description }) } })
    if (form['client_id'] !== clientId || form['client_secret'] !== options.clientSecret) return { status: 401, body: { error: 'invalid_client' } }
    switch (form['grant_type']) {
      case 'authorization_code': {
        const code = codes.get(form['code'] ?? '')
        if (code === undefined || code.used || code.redirect !== form['redirect_uri']) return no('invalid_grant', 'unknown code')
        code.used = true
        if (createHash('sha256').update(form['code_verifier'] ?? '').digest('base64url') !== code.challenge) return no('invalid_grant', 'wrong verifier')
        return { status: 200, body: begin() }
      }
      case 'urn:ietf:params:oauth:grant-type:device_code': {
        const device = devices.get(form['device_code'] ?? '')
        if (device === undefined || device.state === 'used') return no('invalid_grant')
        if (device.state === 'pending') return no('authorization_pending')
        if (device.state === 'denied') return no('access_denied')
        device.state = 'used'
        return { status: 200, body: begin() }
      }
      case 'refresh_token': {
        const given = form['refresh_token'] ?? ''
        uses.set(given, (uses.get(given) ?? 0) + 1)
        const reused = grants.find((grant) => grant.spent.has(given))
        if (reused !== undefined) {
          reused.live = false
          return no('invalid_grant', `the token ${given} was used before`)
        }
        const grant = grants.find((each) => each.live && each.refresh.has(given))
        return grant === undefined ? no('invalid_grant') : { status: 200, body: give(grant) }
      }
      default:
        return no('unsupported_grant_type')
    }
  }

  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '/', origin)
      const reply = (status: number, body: unknown): void => void response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body))
      if (url.pathname === '/.well-known/oauth-authorization-server') {
        const places = { authorization_endpoint: 'authorize', device_authorization_endpoint: 'device', revocation_endpoint: 'revoke' } as const
        return reply(200, {
          issuer: options.issuer ?? origin, token_endpoint: `${origin}/token`, authorization_response_iss_parameter_supported: true, code_challenge_methods_supported: ['S256'],
          ...Object.fromEntries(Object.entries(places).flatMap(([name, place]) => (without.includes(place) ? [] : [[name, `${origin}/${place}`]]))),
        })
      }
      if (url.pathname === '/authorize' && request.method === 'GET') return reply(200, { page: 'sign in here' })
      if (request.method !== 'POST') return reply(404, {})
      const form = await formOf(request)
      const place = url.pathname.slice(1)
      asked.push({ place, form, authorization: request.headers.authorization })
      for (const listener of listeners) listener()
      if (form === undefined) return reply(415, { error: 'invalid_request' })
      if (place === 'device') {
        if (form['client_id'] !== clientId) return reply(401, { error: 'invalid_client' })
        const secret = random('dc')
        const userCode = randomBytes(4).toString('hex').toUpperCase().replace(/(.{4})/, '$1-')
        devices.set(secret, { userCode, state: 'pending' })
        return reply(200, { device_code: secret, user_code: userCode, verification_uri: `${origin}/type`, verification_uri_complete: `${origin}/type?code=${userCode}`, expires_in: 300, interval })
      }
      if (place === 'revoke') {
        for (const grant of grants) if (grant.access.has(form['token'] ?? '') || grant.refresh.has(form['token'] ?? '')) grant.live = false
        return reply(200, {})
      }
      if (place !== 'token') return reply(404, {})
      await held
      const plan = planned.shift()
      if (plan === 'drop') return void request.socket.destroy()
      if (plan === 'drop-after') {
        token(form)
        return void request.socket.destroy()
      }
      if (plan !== undefined && 'error' in plan) return reply(400, { error: plan.error, ...(plan.description === undefined ? {} : { error_description: plan.description }) })
      if (plan !== undefined) return void response.writeHead(plan.status, { 'content-type': 'application/json' }).end(plan.body ?? '')
      const { status, body } = token(form)
      reply(status, body)
    })().catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const typed = (userCode: string, state: 'approved' | 'denied'): void => {
    const device = [...devices.values()].find((each) => each.userCode === userCode)
    if (device === undefined) throw new Error(`nobody asked for the code ${userCode}`)
    device.state = state
  }
  return {
    issuer: origin, endpoint: (name) => `${origin}/${name}`, asked, uses,
    approve: (userCode) => typed(userCode, 'approved'),
    deny: (userCode) => typed(userCode, 'denied'),
    async visit(address, how = {}) {
      const url = new URL(address)
      const query = url.searchParams
      if (`${url.origin}${url.pathname}` !== `${origin}/authorize` || query.get('response_type') !== 'code' || query.get('client_id') !== clientId || query.get('code_challenge_method') !== 'S256') throw new Error(`not an address to sign in with: ${address}`)
      const back = new URL(query.get('redirect_uri') ?? '')
      if (how.deny === true) back.searchParams.set('error', 'access_denied')
      else {
        const code = random('co')
        codes.set(code, { redirect: query.get('redirect_uri') ?? '', challenge: query.get('code_challenge') ?? '', used: false })
        back.searchParams.set('code', code)
      }
      back.searchParams.set('state', how.state ?? query.get('state') ?? '')
      if (how.iss !== null) back.searchParams.set('iss', how.iss ?? origin)
      return back.href
    },
    next: (...answers) => void planned.push(...answers),
    accepts: (given) => given !== undefined && grants.some((grant) => grant.live && grant.access.has(given)),
    revokeAll: () => grants.forEach((grant) => (grant.live = false)),
    expire: (given) => grants.forEach((grant) => grant.access.delete(given)),
    hold() {
      let release: () => void = () => undefined
      held = new Promise((resolve) => (release = resolve))
      return () => {
        held = undefined
        release()
      }
    },
    arrived: (place, count) => new Promise((resolve) => {
      const look = (): void => {
        if (asked.filter((each) => each.place === place).length < count) return
        listeners.delete(look)
        resolve()
      }
      listeners.add(look)
      look()
    }),
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function formOf(request: IncomingMessage): Promise<Record<string, string>> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  if (request.headers['content-type'] !== 'application/x-www-form-urlencoded') throw new Error('a form was expected')
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString('utf8')))
}

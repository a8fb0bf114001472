import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Secret, ownerPrincipal } from '@moltbot/contract'
import type { Clock, ConfigView, ModelCall, ModelCallEvent, Store } from '@moltbot/contract'
import { FakeClock, countingIds, memoryLogger, realClock } from '@moltbot/contract/testing'
import { formats } from '@moltbot/models'
import Value from 'typebox/value'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startAuthorizationServer } from '../../../../test/fakes/authorization-server/index.ts'
import type { AuthorizationServer, AuthorizationServerOptions } from '../../../../test/fakes/authorization-server/index.ts'
import { openStore } from '../storage/index.ts'
import { createModels, credentialsMigration, credentialValuesMigration, modelsMigration } from './index.ts'
import type { CredentialAct, Models, SignInAttempt } from './index.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A provider that answers whoever bears a token (or one of these keys) that counts. */
async function provider(auth: AuthorizationServer, keys: readonly string[] = []): Promise<{ baseUrl: string; seen: string[]; refuse: Map<string, number> }> {
  const seen: string[] = []
  const refuse = new Map<string, number>()
  const server = createServer((request, response) => {
    request.resume()
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    seen.push(token)
    const status = refuse.get(token) ?? (auth.accepts(token) || keys.includes(token) ? 200 : 401)
    if (status !== 200) return void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message: `no, not with ${token}` } }))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end('data: {"choices":[{"delta":{"content":"hi"}}]}\n\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise<void>((resolve) => {
    server.closeAllConnections()
    server.close(() => resolve())
  }))
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, seen, refuse }
}

interface World { auth: AuthorizationServer; models: Models; log: ReturnType<typeof memoryLogger>; store: Store; sealed: Map<string, string>; acts: CredentialAct[]; told: string[]; hidden: Set<string>; seen: string[]; refuse: Map<string, number>; again(more?: { failWrites?: () => boolean }): Models; set(config: Record<string, unknown>): void; hold(held: boolean): void }
interface Shape { catalog?: Parameters<typeof createModels>[0]['catalog']; server?: AuthorizationServerOptions; oauth?: Record<string, unknown>; clock?: Clock; keys?: string[]; secrets?: Record<string, string>; auth?: Record<string, unknown>; failWrites?: () => boolean }

async function world(shape: Shape = {}): Promise<World> {
  const auth = await startAuthorizationServer(shape.server)
  closing.push(() => auth.close())
  const { baseUrl, seen, refuse } = await provider(auth, shape.keys)
  const log = memoryLogger()
  const store = await openStore({ file: ':memory:', migrations: [modelsMigration, credentialsMigration, credentialValuesMigration] })
  const sealed = new Map<string, string>()
  const [acts, told, hidden]: [CredentialAct[], string[], Set<string>] = [[], [], new Set()]
  let held = false
  let sections: Record<string, unknown> = {
    models: { providers: { mine: { baseUrl, api: 'openai-completions', models: [{ id: 'm', reasoning: false, input: ['text'], contextWindow: 200_000, maxTokens: 8192 }], oauth: { clientId: 'moltbot-test', scopes: ['chat'], parameters: {}, issuer: auth.issuer, ...shape.oauth } } } },
    auth: { order: {}, profiles: {}, ...shape.auth },
  }
  const view: ConfigView = { get: (section) => ({ ...Value.Create(section.schema) as object, ...sections[section.path] as object }) as never, onChange: () => () => undefined, healthy: () => true }
  const again = (more: { failWrites?: () => boolean } = {}): Models => {
    const models = createModels({
      config: view, secrets: { get: async (path) => (shape.secrets?.[path] === undefined ? undefined : new Secret(path, shape.secrets[path])) }, store, clock: shape.clock ?? realClock, log, newId: countingIds(), formats, catalog: shape.catalog ?? [], fetch: globalThis.fetch,
      sealer: { open: async () => ({
        seal([, profile = ''], text) {
          if (more.failWrites?.() === true) throw new Error('the disk is full')
          sealed.set(profile, text)
          return `sealed ${Buffer.from(text).toString('base64')}`
        },
        unseal: (_facts, text) => Buffer.from(text.slice(7), 'base64').toString('utf8'),
      }) },
      held: () => held,
      forgetSecret: (value) => void hidden.delete(value),
      random: randomBytes, hide: (value) => void hidden.add(value), record: async (act) => void acts.push(act), needsYou: (sentence) => void told.push(sentence), agentsDefault: () => ({ fallbacks: [], aliases: {} }),
    })
    closing.push(() => models.stop())
    return models
  }
  return { auth, models: again(shape.failWrites === undefined ? {} : { failWrites: shape.failWrites }), log, store, sealed, acts, told, hidden, seen, refuse, again, set: (config) => (sections = { ...sections, ...config }), hold: (now) => void (held = now) }
}

const call = (more: Partial<ModelCall> = {}): ModelCall => ({
  candidates: ['mine/m'], strict: false, system: '', tools: [], messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello?' }] }], thinking: 'off', maxOutputTokens: 100, cache: 'none', signal: new AbortController().signal, ...more,
})
async function ask(models: Models, more: Partial<ModelCall> = {}): Promise<{ text: string; fault: string | undefined; kinds: string[] }> {
  const events: ModelCallEvent[] = []
  for await (const event of models.call(call(more))) events.push(event)
  const end = events.at(-1)
  return {
    text: events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : [])).join(''), fault: end?.type === 'end' ? end.fault?.message : undefined, kinds: events.flatMap((event) => (event.type === 'failover' ? ['failover'] : event.type === 'model-start' ? [event.model] : [])),
  }
}
async function step(attempt: SignInAttempt): Promise<{ kind: string; url: string; code?: string }> {
  await vi.waitFor(() => expect(attempt.state()).not.toEqual({ kind: 'going', step: undefined }), { timeout: 60_000 })
  const state = attempt.state()
  if (state.kind !== 'going' || state.step === undefined) throw new Error(`it is over: ${JSON.stringify(state)}`)
  return state.step
}
async function over(attempt: SignInAttempt): Promise<ReturnType<SignInAttempt['state']>> {
  await vi.waitFor(() => expect(attempt.state().kind).not.toBe('going'), { timeout: 60_000, interval: 20 })
  return attempt.state()
}
async function signedIn(at: World, name?: string): Promise<void> {
  const attempt = await at.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'mine', way: 'browser', ...(name === undefined ? {} : { name }) })
  const { url } = await step(attempt)
  expect((await fetch(await at.auth.visit(url))).status).toBe(200)
  expect(await over(attempt)).toMatchObject({ kind: 'done' })
}
const tokensOf = (at: World, profile = 'mine:default'): { access: string; refresh: string } => JSON.parse(at.sealed.get(profile) ?? '{}') as never

describe('signing in by a code typed elsewhere', () => {
  it('shows the code, asks as often as it is told to, and seals what it gets', async () => {
    const at = await world({ server: { email: 'olga@example.org' } })
    const attempt = await at.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'mine' })
    const { kind, url, code } = await step(attempt)
    expect({ kind, url }).toEqual({ kind: 'device', url: `${at.auth.issuer}/type` })
    await at.auth.arrived('token', 1)
    at.auth.approve(code ?? '')
    expect(await over(attempt)).toEqual({ kind: 'done', profile: 'mine:olga@example.org', account: 'olga@example.org' })
    expect(at.auth.asked.find(({ place }) => place === 'device')?.form).toEqual({ client_id: 'moltbot-test', scope: 'chat' })
    expect((await ask(at.models)).text).toBe('hi')
    const { access, refresh } = tokensOf(at, 'mine:olga@example.org')
    expect(at.seen).toEqual([access])
    expect([...at.hidden]).toEqual(expect.arrayContaining([access, refresh]))
    expect(JSON.stringify([at.log.lines, at.acts, await at.store.read.all('SELECT * FROM model_credentials'), await at.models.door.credentials.list()])).not.toMatch(new RegExp(`${access}|${refresh}`))
    expect(at.acts).toEqual([{ act: 'credential.added', principal: ownerPrincipal, subject: 'mine:olga@example.org', outcome: 'done', reason: 'somebody signed in' }])
  })

  it('goes slower when it is told to, waits longer when nobody answers, and ends with a no or with the code', async () => {
    const clock = new FakeClock()
    // No wait is as long as the ten seconds a question itself may take: they are timers of the same clock.
    const at = await world({ clock, server: { interval: 7 } })
    const attempt = await at.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'mine', way: 'device' })
    const { code } = await step(attempt)
    const polls = (): number => at.auth.asked.filter(({ place }) => place === 'token').length
    const wait = async (ms: number, wanted: number): Promise<void> => {
      // The answer before has come, and the next question is set.
      await vi.waitFor(() => expect((clock.nextAt() ?? 0) - clock.now()).toBe(ms), { timeout: 60_000 })
      await clock.advance(ms - 1)
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(polls()).toBe(wanted - 1)
      await clock.advance(1)
      await vi.waitFor(() => expect(polls()).toBe(wanted), { timeout: 60_000 })
    }
    at.auth.next({ error: 'slow_down' }, 'drop')
    await wait(7_000, 1)
    await wait(12_000, 2)
    await wait(24_000, 3)
    at.auth.deny(code ?? '')
    await wait(24_000, 4)
    expect(await over(attempt)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('said no') })

    const second = await at.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'mine', way: 'device' })
    await step(second)
    // Each answer takes its real time, however far the clock is moved meanwhile.
    await vi.waitFor(async () => {
      await clock.advance(5_000)
      expect(second.state().kind).not.toBe('going')
    }, { timeout: 60_000, interval: 5 })
    expect(await over(second)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('not typed in time') })
    expect(at.sealed.size).toBe(0)
  })
})

describe('signing in by a browser', () => {
  it('ORG-12: takes one answer, with its own state, of its own server; every other one is refused and nothing is sealed', async () => {
    const at = await world()
    const attempt = await at.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'mine', way: 'browser' })
    const { url } = await step(attempt)
    const redirect = new URL(new URL(url).searchParams.get('redirect_uri') ?? '')
    expect([redirect.hostname, redirect.pathname, redirect.protocol]).toEqual(['127.0.0.1', '/callback', 'http:'])
    const other = await at.auth.visit(url, { state: 'of-another-session' })
    const wrong = new URL(await at.auth.visit(url))
    wrong.searchParams.append('state', 'twice')
    const none = new URL(await at.auth.visit(url))
    none.searchParams.delete('state')
    const elsewhere = await at.auth.visit(url, { iss: 'https://other.example' })
    const silent = await at.auth.visit(url, { iss: null })
    for (const address of [other, wrong.href, none.href, elsewhere, silent]) {
      expect((await fetch(address)).status).toBe(400)
      expect(() => attempt.handIn(address)).toThrow()
    }
    const next = new URL(await at.auth.visit(url))
    expect((await fetch(`${redirect.origin}/else?next=https://evil.example`, { redirect: 'manual' })).status).toBe(404)
    expect((await fetch(redirect.href, { method: 'POST' })).status).toBe(404)
    expect(await foreignHost(redirect, next.search)).toBe(403)
    expect(at.sealed.size).toBe(0)
    next.searchParams.set('next', 'https://evil.example')
    const answer = await fetch(next.href, { redirect: 'manual' })
    expect([answer.status, answer.headers.get('location'), answer.headers.get('content-security-policy')]).toEqual([200, null, "default-src 'none'; frame-ancestors 'none'"])
    expect(await over(attempt)).toMatchObject({ kind: 'done', profile: 'mine:default' })
    expect(at.sealed.size).toBe(1)
    // Nobody listens any more, and the code is spent.
    await expect(fetch(next.href)).rejects.toThrow()
    expect(() => attempt.handIn(next.href)).toThrow(/No sign-in waits/)
    const form = at.auth.asked.find(({ place }) => place === 'token')?.form
    expect(form).toMatchObject({ grant_type: 'authorization_code', redirect_uri: redirect.href })
    expect(form?.['code_verifier']).toMatch(/^[\w-]{43}$/)
  })

  it('ORG-12 twin: a sign-in that took any state would have taken a stranger\'s', async () => {
    const at = await world()
    const attempt = await at.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'mine', way: 'browser' })
    const { url } = await step(attempt)
    const strangers = new URL(await at.auth.visit(url, { state: 'a-strangers' }))
    strangers.searchParams.set('state', new URL(url).searchParams.get('state') ?? '')
    expect((await fetch(strangers.href)).status).toBe(200)
    expect(await over(attempt)).toMatchObject({ kind: 'done' })
  })

  it('takes the address a browser on another machine ended at', async () => {
    const at = await world({ server: { clientSecret: 'of-the-program' }, secrets: { 'models.providers.mine.oauth.clientSecret': 'of-the-program' } })
    const attempt = await at.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'mine', way: 'browser', name: 'work' })
    const { url } = await step(attempt)
    expect(() => attempt.handIn('https://elsewhere.example/other')).toThrow(/not the address/)
    attempt.handIn(await at.auth.visit(url))
    expect(await over(attempt)).toMatchObject({ kind: 'done', profile: 'mine:work' })
  })

  it('ends with a no, with a wish to stop, when another one is begun, and at a server that calls itself something else', async () => {
    const at = await world()
    const first = await at.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'mine', way: 'browser' })
    expect(await (await fetch(await at.auth.visit((await step(first)).url, { deny: true }))).text()).toContain('Nobody was signed in')
    expect(await over(first)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('said no') })
    const second = await at.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'mine', way: 'browser' })
    await step(second)
    const third = await at.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'mine', way: 'browser' })
    expect(await over(second)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('called off') })
    await third.stop()
    const mixed = await world({ server: { issuer: 'https://another.example' } })
    expect(await over(await mixed.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'mine' }))).toMatchObject({ kind: 'failed', reason: expect.stringContaining('another issuer') })
    await expect(at.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'nobody' })).rejects.toMatchObject({ code: 'models-provider-unknown' })
  })

  it.each([
    ['a token place in a private network, named by a server in the world', { issuer: undefined, tokenEndpoint: 'http://10.0.0.1/token', deviceEndpoint: 'https://auth.example.com/d' }, 'no address'],
    ['a device place without encryption', { issuer: undefined, tokenEndpoint: 'https://auth.example.com/t', deviceEndpoint: 'http://auth.example.com/d' }, 'no address'],
    ['a redirect to elsewhere', { redirectUri: 'https://evil.example/callback' }, 'address of this machine'],
  ])('refuses %s', async (_what, oauth, words) => {
    const at = await world({ oauth })
    expect(await over(await at.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'mine', way: 'redirectUri' in oauth ? 'browser' : 'device' }))).toMatchObject({ kind: 'failed', reason: expect.stringContaining(words) })
  })
})

describe('a sign-in that goes on', () => {
  it('is renewed ahead of its end, once for a hundred callers and two processes', async () => {
    const clock = new FakeClock()
    const at = await world({ clock, server: { lifeSeconds: 3600 } })
    await signedIn(at)
    const other = at.again()
    const { access, refresh } = tokensOf(at)
    await clock.advance(47 * 60_000)
    expect((await ask(at.models)).text).toBe('hi')
    expect(at.auth.uses.size).toBe(0)
    await clock.advance(60_000)
    const release = at.auth.hold()
    const calls = Promise.all(Array.from({ length: 100 }, (_, index) => ask(index % 2 === 0 ? at.models : other)))
    await at.auth.arrived('token', 2)
    release()
    let done = false
    void calls.finally(() => (done = true))
    while (!done) {
      await clock.advance(50)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect((await calls).every(({ text }) => text === 'hi')).toBe(true)
    expect([...at.auth.uses]).toEqual([[refresh, 1]])
    expect(tokensOf(at).access).not.toBe(access)
    // What is replaced opens nothing any more, and is not looked for for ever.
    expect([at.hidden.has(access), at.hidden.has(refresh), at.hidden.has(tokensOf(at).access)]).toEqual([false, false, true])
    expect(new Set(at.seen.slice(1))).toEqual(new Set([tokensOf(at).access]))
  })

  it('twin: without the lease two processes spend one refresh token twice, and the sign-in is over', async () => {
    const clock = new FakeClock()
    const at = await world({ clock })
    await signedIn(at)
    const other = at.again()
    await clock.advance(61 * 60_000)
    const transaction = at.store.transaction.bind(at.store)
    // A store in which everybody always gets the lease.
    at.store.transaction = (work) => transaction((tx) => work({ ...tx, run: async (query: string, ...values: never[]) => {
      const changed = await tx.run(query, ...values)
      return query.includes('SET lease =') ? 1 : changed
    } }))
    const release = at.auth.hold()
    const calls = Promise.all([ask(at.models), ask(other)])
    await at.auth.arrived('token', 3)
    release()
    await calls
    expect(Math.max(...at.auth.uses.values())).toBe(2)
    expect(at.told).toHaveLength(1)
  })

  it('is renewed when the provider refuses it early, and the call goes on', async () => {
    const at = await world({ server: { lifeSeconds: null } })
    await signedIn(at)
    const { access } = tokensOf(at)
    at.auth.expire(access)
    expect(await ask(at.models)).toMatchObject({ text: 'hi', kinds: ['mine/m'] })
    expect(at.seen).toEqual([access, tokensOf(at).access])
  })

  it('goes on with the old token while it counts and nobody answers, and is not asked for at every call', async () => {
    const clock = new FakeClock()
    const at = await world({ clock })
    await signedIn(at)
    await clock.advance(50 * 60_000)
    at.auth.next('drop')
    expect((await ask(at.models)).text).toBe('hi')
    expect((await ask(at.models)).text).toBe('hi')
    expect(at.auth.asked.filter(({ place }) => place === 'token')).toHaveLength(2)
    await clock.advance(31_000)
    expect((await ask(at.models)).text).toBe('hi')
    expect(at.auth.asked.filter(({ place }) => place === 'token')).toHaveLength(3)
    expect(at.told).toEqual([])
  })

  it('needs a person once the provider renews it no more: told once, with the one thing to do; another credential takes over meanwhile', async () => {
    const at = await world({ server: { lifeSeconds: null }, keys: ['a-key-that-counts'] })
    await signedIn(at, 'work')
    await at.models.door.credentials.add({ by: ownerPrincipal, provider: 'mine', name: 'spare', kind: 'api-key', value: 'a-key-that-counts' })
    at.auth.revokeAll()
    const answer = await ask(at.models)
    // The same model: nothing a person has to be told about.
    expect(answer).toMatchObject({ text: 'hi', kinds: ['mine/m', 'mine/m'] })
    expect(at.told).toEqual([expect.stringMatching(/^The sign-in mine:work needs you: .*\(invalid_grant\)\. Sign in again: moltbot models auth login --provider mine --profile work$/)])
    expect((await at.models.door.credentials.list())).toEqual([
      expect.objectContaining({ profile: 'mine:work', kind: 'oauth', state: 'needs-you', next: expect.stringContaining('--profile work') }),
      expect.objectContaining({ profile: 'mine:spare', kind: 'api-key', state: 'ready' }),
    ])
    const before = at.auth.asked.length
    expect((await ask(at.models)).text).toBe('hi')
    expect(at.auth.asked).toHaveLength(before)
    expect(at.acts.map(({ act }) => act)).toEqual(['credential.added', 'credential.added', 'credential.needs-you'])
    // Signing in again mends it.
    await signedIn(at, 'work')
    expect((await at.models.door.credentials.list())[0]).toMatchObject({ profile: 'mine:work', state: 'ready' })
    expect(JSON.stringify(at.log.lines)).not.toMatch(/\b(?:at|rt)-[\w-]{20}/)
  })

  it('survives a crash between the renewal and the vault where the server allows it, and is told in words where not', async () => {
    const clock = new FakeClock()
    for (const rotates of [false, true]) {
      const at = await world({ clock, server: { rotates } })
      await signedIn(at)
      await clock.advance(61 * 60_000)
      // The server gave out new ones, and this process never heard.
      at.auth.next('drop-after')
      const control = new AbortController()
      const asking = ask(at.models, { signal: control.signal })
      await vi.waitFor(() => expect(JSON.stringify(at.log.lines)).toContain('could not be renewed'), { timeout: 60_000 })
      control.abort()
      expect((await asking).text).toBe('')
      at.models.stop()
      const next = at.again()
      const answer = await ask(next)
      if (rotates) {
        expect(answer.fault).toMatch(/asked for once and never sealed.*Sign in again/)
        expect(at.told).toHaveLength(1)
      } else expect(answer.text).toBe('hi')
    }
  })

  it('tokens that cannot be sealed are used, and sealed at the next opportunity', async () => {
    const clock = new FakeClock()
    let full = false
    const at = await world({ clock, failWrites: () => full })
    await signedIn(at)
    const old = tokensOf(at).access
    full = true
    await clock.advance(61 * 60_000)
    expect((await ask(at.models)).text).toBe('hi')
    expect(tokensOf(at).access).toBe(old)
    full = false
    expect((await ask(at.models)).text).toBe('hi')
    expect(tokensOf(at).access).toBe(at.seen.at(-1))
    expect([...at.auth.uses.values()]).toEqual([1])
  })

  it('is renewed while nobody asks for anything, but not while everything is stopped, and never sent to another address than the one it was made for', async () => {
    const clock = new FakeClock()
    const at = await world({ clock })
    await signedIn(at)
    const { access } = tokensOf(at)
    at.models.watch()
    at.hold(true)
    for (let minute = 0; minute < 50; minute++) await clock.advance(60_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(at.auth.uses.size).toBe(0)
    at.hold(false)
    await clock.advance(60_000)
    await vi.waitFor(() => expect(tokensOf(at).access).not.toBe(access), { timeout: 60_000 })
    const strange = await provider(at.auth)
    at.set({ models: { providers: { mine: { baseUrl: strange.baseUrl, api: 'openai-completions', models: [], oauth: { clientId: 'moltbot-test', scopes: [], parameters: {}, issuer: at.auth.issuer } } } } })
    expect((await ask(at.models)).fault).toMatch(/was made for .* and was not sent/)
    expect(strange.seen).toEqual([])
  })

  it('is taken back at the provider when it is removed; where nobody answers that is said', async () => {
    const at = await world()
    await signedIn(at)
    const { access } = tokensOf(at)
    expect(await at.models.door.credentials.remove('mine:default', ownerPrincipal)).toEqual({ revoked: true })
    expect(at.auth.accepts(access)).toBe(false)
    expect([await at.store.read.all('SELECT * FROM model_credential_values'), await at.models.door.credentials.list()]).toEqual([[], []])
    expect((await ask(at.models)).fault).toMatch(/Nobody is signed in.*moltbot models auth login --provider mine/)
    await expect(at.models.door.credentials.remove('mine:default', ownerPrincipal)).rejects.toMatchObject({ code: 'models-credential-unknown' })
    await signedIn(at)
    await at.auth.close()
    expect(await at.models.door.credentials.remove('mine:default', ownerPrincipal)).toEqual({ revoked: false })
    expect(await at.store.read.all('SELECT * FROM model_credential_values')).toEqual([])
  })
})

describe('several credentials of one provider', () => {
  it('sign-ins come before tokens before keys, then what was used longest ago; a conversation stays with its own', async () => {
    const clock = new FakeClock()
    const at = await world({ clock, keys: ['key-number-one', 'key-number-two', 'token-number-one'], oauth: {} })
    const { credentials } = at.models.door
    await credentials.add({ by: ownerPrincipal, provider: 'mine', name: 'one', kind: 'api-key', value: 'key-number-one' })
    await credentials.add({ by: ownerPrincipal, provider: 'mine', name: 'two', kind: 'api-key', value: 'key-number-two' })
    for (const sessionHint of ['a', 'b', 'a', 'b', 'c']) {
      await clock.advance(1000)
      expect((await ask(at.models, { sessionHint })).text).toBe('hi')
    }
    expect(at.seen).toEqual(['key-number-one', 'key-number-two', 'key-number-one', 'key-number-two', 'key-number-one'])
    await credentials.add({ by: ownerPrincipal, provider: 'mine', name: 'tok', kind: 'token', value: 'token-number-one' })
    expect((await ask(at.models, { sessionHint: 'd' })).text).toBe('hi')
    expect(at.seen.at(-1)).toBe('token-number-one')
    expect((await credentials.list()).map(({ profile }) => profile).slice(0, 1)).toEqual(['mine:tok'])
    // A person's own choice comes first, and the others still stand behind it.
    expect((await ask(at.models, { candidates: ['mine/m@two'] })).text).toBe('hi')
    expect(at.seen.at(-1)).toBe('key-number-two')
    expect(at.models.door.resolve('mine/m@two')).toBe('mine/m@two')
    expect(at.models.info('mine/m@two').id).toBe('m')
    at.refuse.set('key-number-two', 402)
    expect((await ask(at.models, { candidates: ['mine/m@two'] })).text).toBe('hi')
  })

  it('each rests by itself, over a restart, and the next one of the same model is asked at once', async () => {
    const clock = new FakeClock()
    const at = await world({ clock, keys: ['key-number-one', 'key-number-two'] })
    await at.models.door.credentials.add({ by: ownerPrincipal, provider: 'mine', name: 'one', kind: 'api-key', value: 'key-number-one' })
    await at.models.door.credentials.add({ by: ownerPrincipal, provider: 'mine', name: 'two', kind: 'api-key', value: 'key-number-two' })
    at.refuse.set('key-number-one', 402)
    expect(await ask(at.models)).toMatchObject({ text: 'hi', kinds: ['mine/m', 'mine/m'] })
    expect((await at.models.door.list()).find(({ id }) => id === 'm')).toMatchObject({ available: true, credential: 'set' })
    at.refuse.delete('key-number-one')
    const before = at.seen.length
    expect((await ask(at.again())).text).toBe('hi')
    expect(at.seen.slice(before)).toEqual(['key-number-two'])
    await clock.advance(600_001)
    expect((await ask(at.again())).text).toBe('hi')
    expect(at.seen.at(-1)).toBe('key-number-one')
  })

  it('an order of the configuration holds, and what it does not name is not used', async () => {
    const at = await world({ keys: ['key-number-one', 'key-of-the-file', 'token-number-one'], secrets: { 'models.providers.mine.apiKey': 'key-of-the-file' }, auth: { order: { mine: ['mine:config', 'one'] } } })
    const { credentials } = at.models.door
    await credentials.add({ by: ownerPrincipal, provider: 'mine', name: 'one', kind: 'api-key', value: 'key-number-one' })
    await credentials.add({ by: ownerPrincipal, provider: 'mine', name: 'tok', kind: 'token', value: 'token-number-one' })
    expect((await credentials.list()).map(({ profile, state }) => `${profile} ${state}`)).toEqual(['mine:config ready', 'mine:one ready', 'mine:tok left-out'])
    at.refuse.set('key-of-the-file', 402)
    at.refuse.set('key-number-one', 402)
    expect((await ask(at.models)).fault).toBeDefined()
    expect(at.seen).toEqual(['key-of-the-file', 'key-number-one'])
  })

  it('a token has its end, a name its limits, and a key no blanks', async () => {
    const clock = new FakeClock()
    const at = await world({ clock })
    const { credentials } = at.models.door
    await credentials.add({ by: ownerPrincipal, provider: 'mine', name: 'tok', kind: 'token', value: 'token-number-one', expiresAt: clock.now() + 1000 })
    await clock.advance(1001)
    expect((await credentials.list())[0]).toMatchObject({ state: 'needs-you', next: 'Add a new one: moltbot models auth add --provider mine' })
    for (const name of ['env', 'config', '', '../x', 'a b']) await expect(credentials.add({ by: ownerPrincipal, provider: 'mine', name, kind: 'token', value: 'token-number-one' })).rejects.toMatchObject({ code: 'models-profile-name' })
    await expect(credentials.add({ by: ownerPrincipal, provider: 'mine', name: 'x', kind: 'token', value: 'two words' })).rejects.toMatchObject({ code: 'models-key-unusable' })
  })
})

/** A request that calls this machine by another name, as a page does after it changed what its name means. */
async function foreignHost(redirect: URL, search: string): Promise<number> {
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: redirect.port, path: `${redirect.pathname}${search}`, headers: { host: `evil.example:${redirect.port}` }, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    }).on('error', reject).end()
  })
}

describe('signing in with a provider that makes a key', () => {
  const key = 'sk-made-for-whoever-said-yes'
  /** The place where codes become keys: it takes one code, and its verifier. */
  async function keyMaker(answer: { status: number; body: unknown } = { status: 200, body: { key, user_id: null } }): Promise<{ origin: string; asked: Record<string, string>[] }> {
    const asked: Record<string, string>[] = []
    const server = createServer((request, response) => {
      let text = ''
      request.setEncoding('utf8').on('data', (piece: string) => (text += piece)).on('end', () => {
        asked.push(JSON.parse(text) as Record<string, string>)
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => new Promise<void>((resolve) => void server.close(() => resolve())))
    return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
  }
  async function withMaker(answer?: { status: number; body: unknown }): Promise<World & { maker: Awaited<ReturnType<typeof keyMaker>> }> {
    const maker = await keyMaker(answer)
    const catalog = [{ id: 'router', label: 'Router', baseUrl: 'https://router.example/v1', api: 'openai-completions', keyNames: ['ROUTER_API_KEY'], compat: {}, models: [], keySignIn: { page: `${maker.origin}/auth`, keys: `${maker.origin}/keys` } }]
    return { ...(await world({ catalog })), maker }
  }
  const begin = (at: World, way?: 'device' | 'browser', name?: string): Promise<SignInAttempt> => at.models.door.credentials.signIn({ by: ownerPrincipal, provider: 'router', ...(way === undefined ? {} : { way }), ...(name === undefined ? {} : { name }) })

  it('sends a person to its page, takes the code at an address nobody else knows, and seals the key it gets for it', async () => {
    const at = await withMaker()
    expect(at.models.door.credentials.ways()).toMatchObject({ router: ['browser'] })
    const attempt = await begin(at, undefined, 'home')
    const { kind, url } = await step(attempt)
    const shown = new URL(url)
    const back = new URL(shown.searchParams.get('callback_url') ?? '')
    expect([kind, shown.origin + shown.pathname, shown.searchParams.get('code_challenge_method')]).toEqual(['browser', `${at.maker.origin}/auth`, 'S256'])
    expect(back.pathname).toMatch(/^\/callback\/[\w-]{32}$/)
    const local = (path: string): string => `http://127.0.0.1:${back.port}${path}`
    expect((await fetch(local('/callback/guessed?code=forged'))).status).toBe(404)
    expect((await fetch(local(`${back.pathname}?code=a&code=b`))).status).toBe(400)
    expect((await fetch(local(`${back.pathname}?code=the-code`))).status).toBe(200)
    expect(await over(attempt)).toEqual({ kind: 'done', profile: 'router:home', account: null })
    expect(at.maker.asked).toHaveLength(1)
    const { code, code_verifier: verifier = '', code_challenge_method: method } = at.maker.asked[0] ?? {}
    expect([code, method, createHash('sha256').update(verifier).digest('base64url')]).toEqual(['the-code', 'S256', shown.searchParams.get('code_challenge')])
    expect(at.sealed.get('router:home')).toBe(key)
    expect([...at.hidden]).toContain(key)
    expect(await at.models.door.credentials.list()).toMatchObject([{ profile: 'router:home', kind: 'api-key', from: 'vault', state: 'ready' }])
    expect(at.acts).toEqual([{ act: 'credential.added', principal: ownerPrincipal, subject: 'router:home', outcome: 'done', reason: 'somebody signed in' }])
    await expect(fetch(local(`${back.pathname}?code=again`))).rejects.toThrow()
  })

  it('takes the address that was pasted, and seals nothing where somebody said no, the code is refused or the answer is none', async () => {
    for (const [answer, query, reason] of [
      [{ status: 403, body: { error: 'x' } }, 'code=c', /said no: the code was refused \(403\)/],
      [{ status: 500, body: {} }, 'code=c', /an answer that is no key \(500\)/],
      [{ status: 200, body: { key: 'has blanks in it' } }, 'code=c', /This is no key/],
      [undefined, 'error=access_denied', /Somebody said no/],
    ] as const) {
      const at = await withMaker(answer)
      const attempt = await begin(at)
      const back = new URL((await step(attempt)).url).searchParams.get('callback_url') ?? ''
      expect(() => attempt.handIn('http://localhost:1/elsewhere?code=c')).toThrow('This is not the address the browser ended at.')
      attempt.handIn(`${back}?${query}`)
      expect(await over(attempt)).toMatchObject({ kind: 'failed', reason: expect.stringMatching(reason) as string })
      expect([...at.sealed.keys()]).toEqual([])
    }
  })

  it('has no codes to type, and is not there for a provider whose address is another one', async () => {
    const at = await withMaker()
    expect(await over(await begin(at, 'device'))).toMatchObject({ kind: 'failed', reason: expect.stringContaining('Use --browser') as string })
    at.set({ models: { providers: { router: { baseUrl: 'https://elsewhere.example/v1', models: [] } } } })
    expect(at.models.door.credentials.ways()).not.toHaveProperty('router')
    await expect(begin(at)).rejects.toMatchObject({ code: 'models-sign-in-unsupported' })
  })
})

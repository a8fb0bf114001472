import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startAuthorizationServer, type AuthorizationServer } from '../fakes/authorization-server/index.ts'
import { ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestClient, type TestGateway } from '../support/test-gateway.ts'

let auth: AuthorizationServer
let provider: Server
let at: TestGateway
let client: TestClient
beforeAll(async () => {
  auth = await startAuthorizationServer({ email: 'olga@example.org', lifeSeconds: null })
  provider = createServer((request, response) => {
    request.resume()
    const token = request.headers.authorization?.replace('Bearer ', '')
    if (!auth.accepts(token)) return void response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message: `not with ${token ?? 'nothing'}` } }))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end('data: {"choices":[{"delta":{"content":"Signed in and well."}}]}\n\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
  })
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  at = await startTestGateway({
    config: {
      ...ownedBy1001,
      models: { providers: { house: { baseUrl: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`, api: 'openai-completions', models: [{ id: 'm' }], oauth: { issuer: auth.issuer, clientId: 'moltbot-test' } } } },
      agents: { defaults: { model: { primary: 'house/m' } } },
    },
  })
  client = await at.connect()
})
afterAll(async () => {
  client.close()
  await at.close()
  await auth.close()
  provider.closeAllConnections()
  await new Promise<void>((resolve) => provider.close(() => resolve()))
})

const profiles = async (): Promise<{ profile: string; state: string; next: string | null }[]> =>
  ((await client.request('models.authStatus'))['providers'] as { provider: string; profiles: { profile: string; state: string; next: string | null }[] }[]).find((each) => each.provider === 'house')?.profiles ?? []

it('by a code typed on the telephone, keeps it over a restart, hears when it is over, and signs out again', async () => {
  await expect(client.ask('hello?')).rejects.toThrow('moltbot models auth login --provider house')
  const first = await client.request('models.auth.start', { provider: 'house' })
  expect(first).toMatchObject({ state: 'code', url: `${auth.issuer}/type` })
  auth.approve(String(first['code']))
  let answer = first
  await vi.waitFor(async () => {
    answer = await client.request('models.auth.wait', { provider: 'house', seen: Number(answer['changes']), timeoutMs: 5_000 })
    expect(answer['state']).toBe('done')
  }, { timeout: 60_000 })
  expect(answer).toMatchObject({ profile: 'house:olga@example.org', account: 'olga@example.org' })
  expect(await client.ask('and now?')).toContain('Signed in and well.')

  client.close()
  await at.restart()
  client = await at.connect()
  expect(await client.ask('still?')).toContain('Signed in and well.')
  await personAt(at, 1001).chat('hello')
  expect(await client.request('models.status')).toMatchObject({ primary: 'house/m', needsYou: [] })

  auth.revokeAll()
  await expect(client.ask('and then?')).rejects.toThrow('Sign in again: moltbot models auth login')
  const [over] = await profiles()
  expect(over).toMatchObject({ state: 'needs-you', next: 'Sign in again: moltbot models auth login --provider house --profile olga@example.org' })
  expect((await client.request('models.status'))['needsYou']).toEqual([expect.objectContaining({ profile: 'house:olga@example.org' })])
  expect(((await client.request('security.audit'))['findings'] as { check: string; subject: string }[]).filter(({ check }) => check === 'models.needs_you')).toEqual([expect.objectContaining({ subject: 'house:olga@example.org' })])
  // Told in the owner's own chat, once, with the one thing to do.
  const told = (): string[] => at.telegram.sent.flatMap(({ text }) => (text.includes('house:olga@example.org needs you') ? [text] : []))
  await vi.waitFor(() => expect(told()).toEqual([expect.stringContaining('moltbot models auth login --provider house')]), { timeout: 60_000 })

  const log = JSON.stringify((await client.request('logs.tail', { limit: 5_000 }))['lines'])
  expect(log).not.toMatch(/\b(?:at|rt|dc)-[\w-]{20}/)
  expect(JSON.stringify(await client.request('audit.log', { kind: 'credential' }))).toMatch(/credential\.added.*credential\.needs-you/s)
  expect(await client.request('models.authLogout', { provider: 'house', profile: 'olga@example.org' })).toEqual({ profile: 'house:olga@example.org', revoked: true })
  expect(await profiles()).toEqual([])
  expect(JSON.stringify((await client.request('vault.list'))['secrets'])).not.toContain('models/house')
})

it('in a browser elsewhere, beside a key of somebody\'s own; the order is the owner\'s', async () => {
  const started = await client.request('models.auth.start', { provider: 'house', way: 'browser', profile: 'work' })
  await expect(client.request('models.auth.paste', { provider: 'house', address: 'http://127.0.0.1:1/callback?code=made-up&state=made-up' })).rejects.toThrow(/not the answer/)
  expect(await client.request('models.auth.paste', { provider: 'house', address: await auth.visit(String(started['url'])) })).toMatchObject({ state: 'done', profile: 'house:work' })
  await client.request('models.auth.add', { provider: 'house', profile: 'spare', kind: 'token', value: 'a-token-that-does-not-count' })
  expect((await profiles()).map(({ profile }) => profile)).toEqual(['house:work', 'house:spare'])
  await expect(client.request('models.auth.order', { provider: 'house', order: ['nobody'] })).rejects.toThrow(/no credential house:nobody/)
  await client.request('models.auth.order', { provider: 'house', order: ['spare', 'work'] })
  expect((await profiles()).map(({ profile }) => profile)).toEqual(['house:spare', 'house:work'])
  // The first of them is refused, and the next one answers for the same model.
  expect(await client.ask('who answers?', 'another')).toContain('Signed in and well.')
  await client.request('models.auth.order', { provider: 'house', order: null })
  expect((await profiles()).map(({ profile }) => profile)).toEqual(['house:work', 'house:spare'])
  // A conversation can have its own, named behind the model.
  expect(await client.ask('/model house/m@work', 'third')).toContain('house/m@work')
  expect(await client.ask('who answers now?', 'third')).toContain('Signed in and well.')
})

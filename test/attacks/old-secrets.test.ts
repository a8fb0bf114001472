import { writeFileSync, readFileSync, renameSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { ownPage, signInByForm } from '../../gateway/src/api/testing/http-client.ts'
import { TestSocket } from '../../gateway/src/api/testing/test-client.ts'
import { ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/test-gateway.ts'

const running: TestGateway[] = []
afterEach(async () => { for (const at of running.splice(0)) await at.close() })
async function start(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const at = await startTestGateway({ telegram: false, ...options })
  running.push(at)
  return at
}
const fresh = (): string => randomBytes(24).toString('hex')
type Config = { gateway: { auth: Record<string, unknown> }; models: { providers: { test: Record<string, unknown> } }; channels: { telegram: Record<string, unknown> } }
/** The file as an editor or another program replaces it: whole, at once. */
function edit(at: TestGateway, change: (config: Config) => void): void {
  const config = JSON.parse(readFileSync(at.configFile, 'utf8')) as Config
  change(config)
  writeFileSync(`${at.configFile}.new`, JSON.stringify(config, null, 2), { mode: 0o600 })
  renameSync(`${at.configFile}.new`, at.configFile)
}
async function enter(at: TestGateway, auth: Record<string, string>): Promise<TestSocket> {
  const socket = new TestSocket(`ws://127.0.0.1:${at.gateway.port}/`)
  await socket.opened()
  const answer = await socket.connect({ auth })
  if (answer.ok !== true) throw new Error('refused')
  return socket
}
const opens = (at: TestGateway, auth: Record<string, string>): Promise<boolean> => enter(at, auth).then((socket) => (socket.ws.close(), true), () => false)

describe('C06 a secret that changed opens nothing and holds nothing open', () => {
  it.each<[string, (at: TestGateway, next: string) => Promise<void> | void]>([
    ['by an editor', (at, next) => edit(at, ({ gateway }) => { gateway.auth['token'] = next })],
    ['by the gateway itself', async (at, next) => void (await at.gateway.config.set('gateway.auth.token', next))],
    ['in the vault, to which the file refers', async (at, next) => {
      await at.gateway.rooms.vault?.('owner' as never).set('door-token', next)
      edit(at, ({ gateway }) => { gateway.auth['token'] = '${secret:door-token}' })
    }],
  ])('the gateway\'s token, %s: sockets, browsers and new requests', async (_, change) => {
    const at = await start()
    const socket = await enter(at, { token: at.token })
    const { cookie } = await signInByForm(at.gateway.port, { token: at.token })
    const page = new TestSocket(`ws://127.0.0.1:${at.gateway.port}/`, { headers: { ...ownPage(at.gateway.port), cookie } })
    await page.opened()
    expect((await page.connect({ auth: {}, client: { id: 'moltbot-control-ui', version: '1', platform: 'web', mode: 'webchat' } })).ok).toBe(true)
    const next = fresh()
    await change(at, next)
    expect(await socket.ended()).toMatchObject({ code: 1008 })
    expect([1006, 1008]).toContain((await page.ended()).code)
    expect([await opens(at, { token: at.token }), await opens(at, { token: next })]).toEqual([false, true])
    const asked = await fetch(`http://127.0.0.1:${at.gateway.port}/v1/models`, { headers: { authorization: `Bearer ${at.token}` } })
    expect(asked.status).toBe(401)
  })

  it('a value in the vault that is set anew, without a change of the file', async () => {
    const at = await start()
    const first = fresh()
    await at.gateway.rooms.vault?.('owner' as never).set('door-token', first)
    edit(at, ({ gateway }) => { gateway.auth['token'] = '${secret:door-token}' })
    await expect.poll(() => opens(at, { token: first })).toBe(true)
    const socket = await enter(at, { token: first })
    const next = fresh()
    await at.gateway.rooms.vault?.('owner' as never).set('door-token', next)
    expect(await socket.ended()).toMatchObject({ code: 1008 })
    expect([await opens(at, { token: first }), await opens(at, { token: next })]).toEqual([false, true])
  })

  it('the password', async () => {
    const at = await start({ config: { gateway: { auth: { mode: 'password', password: 'correct horse battery' } } } })
    const socket = await enter(at, { password: 'correct horse battery' })
    edit(at, ({ gateway }) => { gateway.auth['password'] = 'another horse battery' })
    expect(await socket.ended()).toMatchObject({ code: 1008 })
    expect([await opens(at, { password: 'correct horse battery' }), await opens(at, { password: 'another horse battery' })]).toEqual([false, true])
  })

  it('a model\'s key: the next call carries the new one', async () => {
    const at = await start({ telegram: true, config: ownedBy1001 })
    const olga = personAt(at, 1001)
    await olga.chat('hello')
    const keyOf = (): string | undefined => at.model.requests.at(-1)?.headers['x-api-key']
    expect(keyOf()).toBe('test-key')
    edit(at, ({ models }) => { models.providers.test['apiKey'] = 'test-key-that-is-new' })
    await expect.poll(async () => (await at.gateway.config.secrets.get('models.providers.test.apiKey'))?.open('the test')).toBe('test-key-that-is-new')
    await olga.chat('hello again')
    expect(keyOf()).toBe('test-key-that-is-new')
  })

  it('a network\'s token: the connection with the old one ends', async () => {
    const at = await start({ telegram: true, config: ownedBy1001 })
    const olga = personAt(at, 1001)
    await olga.chat('hello')
    edit(at, ({ channels }) => { channels.telegram['botToken'] = `987654321:${'B'.repeat(35)}` })
    const state = (): string | undefined => at.gateway.rooms.connections.status().find(({ channel }) => channel === 'telegram')?.health.kind
    await expect.poll(state, { timeout: 60_000 }).toBe('needs-you')
    const polls = at.telegram.counts().calls['getUpdates']
    const { updateId } = olga.write('still there?')
    await expect.poll(() => at.gateway.rooms.connections.status().length).toBeGreaterThan(0)
    expect([at.telegram.counts().calls['getUpdates'], at.telegram.isConfirmed(updateId)]).toEqual([polls, false])
  })
})

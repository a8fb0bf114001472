import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeCall, FakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { scriptPrompts } from '../testing/scripted-prompts.ts'

const row = (profile: string, more: object = {}): object => ({ profile, provider: 'mine', kind: 'api-key', from: 'vault', account: null, expiresAtMs: null, renews: false, lastUsedAtMs: null, state: 'ready', reason: null, next: null, ...more })
let gateway: FakeGateway
beforeAll(async () => {
  gateway = await startFakeGateway({ token: 'T' })
})
afterAll(() => gateway.close())
const calls = (method: string): object[] => gateway.calls.filter((each) => each.method === method).map(({ params }) => params)

describe('models auth', () => {
  it('lists what there is, what needs somebody and what to do, and with whom one can sign in', async () => {
    gateway.methods['models.authStatus'] = { ts: 1, providers: [
      { provider: 'mine', ways: ['device'], profiles: [row('mine:work', { kind: 'oauth', account: 'olga@example.org', renews: true }), row('mine:old', { kind: 'token', state: 'needs-you', reason: 'It is over.\u001b[2J', next: 'Sign in again: x' }), row('mine:env', { from: 'environment', state: 'left-out' })] },
      { provider: 'yours', ways: ['browser'], profiles: [] },
    ] }
    const { out } = await runCommand(['models', 'auth'], { gateway, columns: 140 })
    expect(out).toMatch(/● {2}mine:work +sign-in +renewed by itself +olga@example\.org/)
    expect(out).toMatch(/mine:env +key \(environment\), not used/)
    expect(out).toMatch(/mine:old needs you: It is over\.[\s\S]*Sign in again: x/)
    expect(out).toContain('You can sign in with: yours')
    expect(out).not.toContain('\u001b[2J')
    expect((await runCommand(['models', 'auth', 'order', 'get', '--provider', 'mine'], { gateway })).out).toBe('1. mine:work\n2. mine:old\n')
  })

  it('signs in by a code, and says how it ended', async () => {
    gateway.methods['models.auth.start'] = { provider: 'mine', state: 'code', changes: 1, message: '', url: 'https://auth.example/type', code: 'ABCD-1234' }
    const waits = [{ provider: 'mine', state: 'code', changes: 1, message: '', url: 'https://auth.example/type', code: 'ABCD-1234' }, { provider: 'mine', state: 'done', changes: 2, message: 'Signed in. The credential is called mine:default.', profile: 'mine:default', account: null }]
    gateway.methods['models.auth.wait'] = () => waits.shift()
    const run = await runCommand(['models', 'auth', 'login', '--provider', 'mine', '--device', '--profile', 'home'], { gateway })
    expect(run.err.match(/ABCD-1234/g)).toHaveLength(1)
    expect(run.err).toContain('https://auth.example/type')
    expect(run.out).toBe('✓ Signed in. The credential is called mine:default.\n')
    expect(calls('models.auth.start')).toEqual([{ provider: 'mine', profile: 'home', way: 'device' }])
    gateway.methods['models.auth.start'] = { provider: 'mine', state: 'failed', changes: 1, message: 'Somebody said no on the page.' }
    expect(await runCommand(['models', 'auth', 'login', '--provider', 'mine'], { gateway })).toMatchObject({ code: 1, err: expect.stringContaining('said no') })
  })

  it('opens a browser where there is one, else asks for the address it ended at', async () => {
    gateway.methods['models.auth.start'] = { provider: 'mine', state: 'browser', changes: 1, message: '', url: 'https://auth.example/authorize?state=s' }
    gateway.methods['models.auth.wait'] = { provider: 'mine', state: 'done', changes: 2, message: 'Signed in.', profile: 'mine:default', account: null }
    gateway.methods['models.auth.paste'] = ({ params }: FakeCall) => ({ provider: 'mine', state: 'done', changes: 2, message: `Signed in by ${String(params['address'])}.`, profile: 'mine:default', account: null })
    const opened: string[] = []
    const here = await runCommand(['models', 'auth', 'login', '--provider', 'mine', '--browser'], { gateway, interactive: true, machine: { openPage: async (url) => opened.push(url) > 0 } })
    expect([here.out, opened]).toEqual(['✓ Signed in.\n', ['https://auth.example/authorize?state=s']])
    const elsewhere = await runCommand(['models', 'auth', 'login', '--provider', 'mine', '--browser'], { gateway, interactive: true, prompts: scriptPrompts(['http://127.0.0.1:1/callback?code=c']), machine: { openPage: async () => false } })
    expect(elsewhere.out).toBe('✓ Signed in by http://127.0.0.1:1/callback?code=c.\n')
    expect((await runCommand(['models', 'auth', 'login', '--provider', 'mine', '--paste'], { gateway, input: 'http://127.0.0.1:2/callback?code=c\n' })).out).toContain('127.0.0.1:2')
  })

  it('adds, forgets and orders', async () => {
    gateway.methods['models.auth.add'] = row('mine:work')
    gateway.methods['models.authLogout'] = { profile: 'mine:work', revoked: false }
    gateway.methods['models.auth.order'] = { provider: 'mine', order: ['mine:work'] }
    expect((await runCommand(['models', 'auth', 'add', '--provider', 'mine', '--profile', 'work'], { gateway, input: 'a-key-of-mine\n' })).out).toBe('✓ mine:work is sealed.\n')
    await runCommand(['models', 'auth', 'paste-token', '--provider', 'mine', '--expires-in-days', '30'], { gateway, input: 'a-token-of-mine\n' })
    expect(calls('models.auth.add')).toEqual([{ provider: 'mine', profile: 'work', kind: 'api-key', value: 'a-key-of-mine' }, { provider: 'mine', kind: 'token', value: 'a-token-of-mine', expiresInDays: 30 }])
    expect((await runCommand(['models', 'auth', 'logout', '--provider', 'mine', '--profile', 'work'], { gateway })).out).toContain('could not be told')
    await runCommand(['models', 'auth', 'order', 'set', 'work', 'env', '--provider', 'mine'], { gateway })
    await runCommand(['models', 'auth', 'order', 'clear', '--provider', 'mine'], { gateway })
    expect(calls('models.auth.order')).toEqual([{ provider: 'mine', order: ['work', 'env'] }, { provider: 'mine', order: null }])
  })

  it.each([[['login']], [['add']], [['order', 'set', '--provider', 'x']], [['order', 'turn', '--provider', 'x']], [['login', '--provider', 'x', '--device', '--browser']], [['list', 'more']]])('%j is not whole', async (words) => {
    expect(await runCommand(['models', 'auth', ...words], { gateway })).toMatchObject({ code: 2 })
  })
})

import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('tells who answers and why', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'models.status': { primary: 'a/b', fallbacks: ['c/d', 'e/f'], why: 'It is configured.' } } })
  expect((await runCommand(['models'], { gateway })).out).toBe('a/b answers.\n  It is configured.\n  If it fails: c/d, then e/f.\n')
  gateway.methods['models.status'] = { primary: 'builtin/assistant', fallbacks: [], why: '' }
  expect((await runCommand(['models', 'status'], { gateway })).out).toContain('moltbot onboard')
  await gateway.close()
})

it('says what needs somebody, and with --check by its exit code', async () => {
  const providers = [{ id: 'a', models: 1, available: true, credential: 'set' }]
  const gateway = await startFakeGateway({ token: 'T', methods: { 'models.status': { primary: 'a/b', fallbacks: [], why: '', providers, needsYou: [{ profile: 'a:x', reason: 'It is over.', next: 'Sign in again: y' }] } } })
  const run = await runCommand(['models', 'status', '--check'], { gateway })
  expect([run.code, run.out]).toEqual([1, 'a/b answers.\n\na:x needs you: It is over.\n  Sign in again: y\n'])
  gateway.methods['models.status'] = { primary: 'a/b', fallbacks: [], why: '', providers, needsYou: [] }
  const ends = (expiresAtMs: number, renews: boolean): object => ({ ts: 1, providers: [{ provider: 'a', ways: [], profiles: [{ profile: 'a:x', state: 'ready', renews, expiresAtMs }] }] })
  gateway.methods['models.authStatus'] = ends(Date.now() + 3_600_000, false)
  expect((await runCommand(['models', 'status', '--check'], { gateway })).code).toBe(2)
  gateway.methods['models.authStatus'] = ends(Date.now() + 3_600_000, true)
  expect((await runCommand(['models', 'status', '--check'], { gateway })).code).toBe(0)
  gateway.methods['models.status'] = { primary: 'a/b', fallbacks: [], why: '', providers: [{ ...providers[0], credential: 'missing' }], needsYou: [] }
  expect((await runCommand(['models', 'status', '--check'], { gateway })).code).toBe(1)
  expect(await runCommand(['models', 'status'], { gateway })).toMatchObject({ code: 0, out: 'a/b is to answer, and cannot.\n' })
  gateway.methods['models.status'] = { primary: 'nowhere/b', fallbacks: [], why: 'There is no provider called "nowhere".', providers, needsYou: [] }
  expect(await runCommand(['models', 'status', '--check'], { gateway })).toMatchObject({ code: 1, out: 'nowhere/b is to answer, and cannot.\n  There is no provider called "nowhere".\n' })
  await gateway.close()
})

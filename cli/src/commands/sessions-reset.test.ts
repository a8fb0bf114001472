import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('resets the one that is named', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'sessions.describe': { session: { key: 'agent:main:work' } }, 'sessions.reset': { ok: true, key: 'agent:main:work', entry: {} } } })
  expect((await runCommand(['sessions', 'reset', 'work'], { gateway })).out).toContain('agent:main:work starts afresh')
  expect(gateway.calls).toEqual([{ method: 'sessions.describe', params: { key: 'agent:main:work' } }, { method: 'sessions.reset', params: { key: 'work' } }])
  expect((await runCommand(['sessions', 'reset'], { gateway })).code).toBe(2)
  await gateway.close()
})

it('begins none that was not there, but for the main one', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'sessions.describe': { session: null }, 'sessions.reset': { ok: true, key: 'agent:main:main', entry: {} } } })
  const run = await runCommand(['sessions', 'reset', 'wrok'], { gateway })
  expect(run).toMatchObject({ code: 1, out: '' })
  expect(run.err).toContain('There is no conversation "wrok".\n  See which there are: moltbot sessions')
  expect((await runCommand(['sessions', 'reset', 'main'], { gateway })).code).toBe(0)
  expect(gateway.calls.map(({ method }) => method)).toEqual(['sessions.describe', 'sessions.reset'])
  await gateway.close()
})

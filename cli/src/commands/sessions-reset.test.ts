import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('resets the one that is named', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'sessions.reset': { ok: true, key: 'agent:main:work', entry: {} } } })
  expect((await runCommand(['sessions', 'reset', 'work'], { gateway })).out).toContain('agent:main:work starts afresh')
  expect(gateway.calls).toEqual([{ method: 'sessions.reset', params: { key: 'work' } }])
  expect((await runCommand(['sessions', 'reset'], { gateway })).code).toBe(2)
  await gateway.close()
})

import { expect, it } from 'vitest'
import { fakeOffline } from '../testing/config-fixtures.ts'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

const row = (ok: boolean) => ({ where: 'policy-expectations.json5:3', words: 'guest may not use run', ok, said: ok ? 'deny' : 'allow', because: 'the rules\u001b[2J', why: null })

it('shows each row, and fails when one does not hold or the file cannot be used', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'config.get': { path: '/state/moltbot.json' }, 'policy.test': { file: '/state/policy-expectations.json5', fault: null, results: [row(true), row(false)] } } })
  const run = await runCommand(['policy', 'test'], { gateway })
  expect(run.code).toBe(1)
  expect(run.out).toContain('✓ policy-expectations.json5:3  guest may not use run\n')
  expect(run.out).toContain('guest may not use run; it is: allow, the rules')
  expect(run.out).toContain('1 of 2 does not hold.')
  expect(run.out).not.toContain('\u001b[2J')
  gateway.methods['policy.test'] = { file: '/f', fault: null, results: [row(true)] }
  expect(await runCommand(['policy', 'test'], { gateway })).toMatchObject({ code: 0, out: expect.stringContaining('It holds.') })
  gateway.methods['policy.test'] = { file: '/f', fault: 'line 2, column 1: broken', results: [] }
  expect(await runCommand(['policy', 'test'], { gateway })).toMatchObject({ code: 1, out: expect.stringContaining('/f: line 2, column 1: broken') })
  await gateway.close()
})

it('asks the same code without a gateway', async () => {
  expect(await runCommand(['policy', 'test'], { offline: fakeOffline() })).toMatchObject({ code: 0, out: expect.stringContaining('Nothing is expected yet') })
})

import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('sends what was typed, and shows it nowhere', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'auth.password.set': { ok: true } } })
  const run = await runCommand(['login', 'password'], { gateway, input: 'correct horse battery\n' })
  expect(gateway.calls.at(-1)?.params).toEqual({ password: 'correct horse battery' })
  expect(`${run.out}${run.err}`).not.toContain('battery')
  expect((await runCommand(['login', 'password'], { gateway, input: '' })).code).toBe(2)
  await gateway.close()
})

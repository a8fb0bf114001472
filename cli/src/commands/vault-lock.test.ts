import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('asks the running gateway', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'vault.lock': { state: 'locked', kind: 'file', keyId: 'k', generation: 1, secrets: 0 } } })
  expect((await runCommand(['vault', 'lock'], { gateway })).out).toContain('moltbot vault unlock')
  expect(gateway.calls).toEqual([{ method: 'vault.lock', params: {} }])
  await gateway.close()
  expect((await runCommand(['vault', 'lock'])).code).toBe(3)
})

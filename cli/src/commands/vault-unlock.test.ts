import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('asks for a passphrase only where the key is one', async () => {
  const status = { state: 'locked', kind: 'passphrase', keyId: 'k', generation: 1, secrets: 0 }
  const gateway = await startFakeGateway({ token: 'T', methods: { 'vault.status': status, 'vault.unlock': { ...status, state: 'open' } } })
  const run = await runCommand(['vault', 'unlock'], { gateway, input: 'correct horse battery staple\n' })
  expect(run).toMatchObject({ code: 0, out: 'The vault is open.\n' })
  expect(gateway.calls.at(-1)).toEqual({ method: 'vault.unlock', params: { passphrase: 'correct horse battery staple' } })
  gateway.methods['vault.status'] = { ...status, kind: 'file' }
  await runCommand(['vault', 'unlock'], { gateway, input: 'not read' })
  expect(gateway.calls.at(-1)).toEqual({ method: 'vault.unlock', params: {} })
  await gateway.close()
})

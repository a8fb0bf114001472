import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('chooses by any name the gateway knows', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'models.set': { ok: true, primary: 'ollama/llama3.2', path: '/x' } } })
  expect((await runCommand(['models', 'set', 'llama3.2'], { gateway })).out).toBe('✓ ollama/llama3.2 answers from now on.\n')
  expect(gateway.calls).toEqual([{ method: 'models.set', params: { primary: 'llama3.2' } }])
  await gateway.close()
})

import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

const models = [
  { id: 'claude-x', name: 'Claude X', provider: 'anthropic', contextWindow: 200_000, available: false, credential: 'missing', tags: [] },
  { id: 'llama3.2', name: 'llama3.2', provider: 'ollama', contextWindow: 128_000, available: true, credential: 'not-needed', tags: ['default'] },
]

it('shows what can be used, and the rest when asked', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'models.list': { models } } })
  const usable = await runCommand(['models', 'list'], { gateway })
  expect(usable.out).toContain('●  ollama/llama3.2')
  expect(usable.out).toContain('1 more need a key')
  expect(usable.out).not.toContain('claude-x')
  const all = await runCommand(['models', 'list', '--all'], { gateway })
  expect(all.out).toMatch(/anthropic\/claude-x +Claude X +200k +missing/)
  expect(JSON.parse((await runCommand(['models', 'list', 'anthropic', '--all', '--json'], { gateway })).out)).toEqual({ models: [models[0]] })
  await gateway.close()
})

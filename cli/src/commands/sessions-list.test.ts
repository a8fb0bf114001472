import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('lists them as a table and passes filters on', async () => {
  const sessions = [{ key: 'agent:main:main', derivedTitle: 'Shopping', updatedAt: Date.now() - 60_000, modelProvider: 'ollama', model: 'llama3.2', totalTokens: 1_200 }]
  const gateway = await startFakeGateway({ token: 'T', methods: { 'sessions.list': { sessions } } })
  const run = await runCommand(['sessions', '--limit', '5', '--active', '60', '--agent', 'main', '--search', 'shop'], { gateway })
  expect(run.out).toBe('Session          About     Last words  Model            Tokens\nagent:main:main  Shopping  1 min ago   ollama/llama3.2  1200\n')
  expect(gateway.calls[0]?.params).toEqual({ limit: 5, activeMinutes: 60, agentId: 'main', search: 'shop', includeDerivedTitles: true })
  expect(JSON.parse((await runCommand(['sessions', 'list', '--json'], { gateway })).out)).toEqual({ sessions })
  gateway.methods['sessions.list'] = { sessions: [] }
  expect((await runCommand(['sessions'], { gateway })).out).toContain('moltbot chat')
  await gateway.close()
})

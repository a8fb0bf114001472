import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('prints who said what, with the ids that "why" takes', async () => {
  const messages = [
    { role: 'user', content: [{ type: 'text', text: 'hi' }], timestamp: Date.UTC(2026, 0, 2, 3, 4), inboxId: 'in-1' },
    { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm' }, { type: 'toolCall', name: 'read', arguments: {} }], timestamp: 1 },
    { role: 'toolResult', toolName: 'read', content: [{ type: 'text', text: 'contents' }], timestamp: 1 },
    { role: 'assistant', content: [{ type: 'text', text: 'Hello\u001b[5m you' }], timestamp: 1 },
  ]
  const gateway = await startFakeGateway({ token: 'T', methods: { 'chat.history': { messages } } })
  const run = await runCommand(['sessions', 'show', 'work', '--limit', '9'], { gateway })
  expect(run.out).toBe('you 2026-01-02 03:04  in-1\nhi\n\nassistant 1970-01-01 00:00\nHello you\n')
  expect(gateway.calls[0]?.params).toEqual({ sessionKey: 'work', limit: 9 })
  expect((await runCommand(['sessions', 'show', '--tools'], { gateway })).out).toContain('contents')
  await gateway.close()
})

it('tells a conversation that is not there from one in which nothing was said', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'chat.history': { messages: [] }, 'sessions.describe': { session: null } } })
  expect((await runCommand(['sessions', 'show', 'wrok', '--json'], { gateway })).out).toContain('"code": "session-missing"')
  expect((await runCommand(['sessions', 'show'], { gateway })).out).toBe('Nothing was said here yet.\n')
  gateway.methods['sessions.describe'] = { session: { key: 'agent:main:work' } }
  expect((await runCommand(['sessions', 'show', 'work'], { gateway })).out).toBe('Nothing was said here yet.\n')
  await gateway.close()
})

import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { status } from './status.ts'

it('tells version, model, channels in words and how full sessions are', async () => {
  const rooms = await fakeRooms()
  rooms.session('agent:main:main', { contextTokens: 8_000, settings: { thinking: 'low' } })
  rooms.state.statuses = [{
    channel: 'telegram' as never, label: 'Telegram', account: 'default' as never, enabled: true, configured: true,
    health: { kind: 'retrying', since: 1, reason: 'No answer for 120 s.', attempt: 2 }, connectedAt: null, lastInboundAt: null, lastOutboundAt: null, lastError: null, reconnectAttempts: 2,
  }]
  expect(await callMethod(status, { includeChannelSummary: false }, rooms)).toMatchObject({
    runtimeVersion: '0.0.0-test', model: { primary: 'builtin/assistant', why: 'the only usable model' },
    channelSummary: ['Telegram: retrying (No answer for 120 s.)'],
    sessions: {
      count: 1, defaults: { model: 'assistant', contextTokens: 32_000 },
      recent: [{ key: 'agent:main:main', totalTokens: 8_000, remainingTokens: 24_000, percentUsed: 25, thinkingLevel: 'low', model: 'assistant' }],
      byAgent: [{ agentId: 'main', count: 1 }],
    },
  })
})

it('an unknown context window is null, not a guess', async () => {
  const rooms = await fakeRooms()
  rooms.session('agent:main:main', { settings: { model: 'gone/model' } })
  expect((await callMethod(status, {}, rooms)).sessions.recent[0]).toMatchObject({ contextTokens: null, percentUsed: null, remainingTokens: null })
})

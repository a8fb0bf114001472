import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { health } from './health.ts'

const status = {
  channel: 'telegram' as never, label: 'Telegram', account: 'default' as never, enabled: true, configured: true,
  health: { kind: 'connected' as const, at: 5, detail: '@bot' }, connectedAt: 5.5, lastInboundAt: null, lastOutboundAt: null, lastError: null, reconnectAttempts: 0,
}

it('tells channels, sessions and queues; whole numbers only, because some clients refuse fractions', async () => {
  const rooms = await fakeRooms()
  rooms.state.statuses = [status, { ...status, account: 'second' as never, health: { kind: 'needs-you', reason: 'Token revoked.', action: 'Make a new one.' } }]
  rooms.session('agent:main:main', { updatedAt: 1000.4 })
  const answer = await callMethod(health, {}, rooms)
  expect(answer).toMatchObject({
    ok: true, defaultAgentId: 'main', channelOrder: ['telegram'], channelLabels: { telegram: 'Telegram' },
    channels: { telegram: { accountId: 'default', connected: true, state: 'connected', accounts: { second: { connected: false, state: 'needs-you', detail: 'Token revoked. Make a new one.' } } } },
    sessions: { count: 1, recent: [{ key: 'agent:main:main', updatedAt: 1000 }] }, inbox: { open: 0, stuck: 0, total: 0 }, configOk: true,
  })
  expect(JSON.stringify(answer)).not.toMatch(/\d\.\d/)
})

it('makes a round trip only when asked', async () => {
  const rooms = await fakeRooms()
  rooms.state.statuses = [status]
  let probes = 0
  rooms.connections.probe = async () => {
    probes += 1
    return [{ channel: 'telegram' as never, account: 'default' as never, ok: false, text: 'no route', elapsedMs: 12.7 }]
  }
  expect((await callMethod(health, {}, rooms)).channels['telegram']?.probe).toBeUndefined()
  expect(probes).toBe(0)
  expect((await callMethod(health, { probe: true, verbose: 'kept out' }, rooms)).channels['telegram']?.probe).toEqual({ ok: false, elapsedMs: 13, text: 'no route', error: 'no route' })
})

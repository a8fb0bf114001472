import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { channelsStatus } from './channels-status.ts'

const status = (channel: string, account: string) => ({
  channel: channel as never, label: channel.toUpperCase(), account: account as never, enabled: true, configured: true,
  health: { kind: 'connected' as const, at: 5 }, connectedAt: 5, lastInboundAt: 7, lastOutboundAt: null, lastError: null, reconnectAttempts: 0,
})

it('order, labels, accounts and meta agree with each other, because clients index one by the other', async () => {
  const rooms = await fakeRooms()
  rooms.state.statuses = [status('telegram', 'work'), status('web', 'default'), status('telegram', 'default')]
  const answer = await callMethod(channelsStatus, { probe: true, timeoutMs: 8000 }, rooms)
  expect(answer.channelOrder).toEqual(['telegram', 'web'])
  expect(answer.channelMeta.map((meta) => meta.id)).toEqual(answer.channelOrder)
  for (const id of answer.channelOrder) {
    expect(Object.keys(answer.channels)).toContain(id)
    expect(answer.channelAccounts[id]?.map((account) => account.accountId)).toContain(answer.channelDefaultAccountId[id])
  }
  expect(answer.channelDefaultAccountId).toEqual({ telegram: 'default', web: 'default' })
  expect(answer.channels['telegram']).toMatchObject({ connected: true, lastInboundAt: 7, lastOutboundAt: null, probe: { ok: true } })
})

it('is empty and whole when nothing is set up', async () => {
  expect(await callMethod(channelsStatus, {}, await fakeRooms())).toMatchObject({ channelOrder: [], channelMeta: [], channels: {}, channelAccounts: {} })
})

it('a channel that is switched off is off, whatever its last state was', async () => {
  const rooms = await fakeRooms()
  rooms.state.statuses = [{ ...status('telegram', 'default'), enabled: false, health: { kind: 'closed' } }]
  expect((await callMethod(channelsStatus, { channel: 'telegram' }, rooms)).channels['telegram']).toMatchObject({ state: 'off', running: false, connected: false })
})

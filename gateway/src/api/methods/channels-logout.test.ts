import type { Channel } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { channelsLogout } from './channels-logout.ts'

const base = { label: 'Pigeon', senders: 'platform', config: { path: 'channels.pigeon', schema: {} } }
const pigeon = { ...base, id: 'pigeon', login: () => undefined } as unknown as Channel
const owl = { ...base, id: 'owl', label: 'Owl' } as unknown as Channel

it('logs out where a login is by steps, and nowhere else', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [pigeon, owl]
  rooms.state.login = { state: () => ({ kind: 'done', detail: 'x' }), changes: () => 1, changed: async () => undefined, stop: async () => undefined }
  expect(await callMethod(channelsLogout, { channel: 'pigeon' }, rooms)).toEqual({ channel: 'pigeon', accountId: 'default', cleared: true })
  expect(rooms.state.login).toBeUndefined()
  await expect(callMethod(channelsLogout, { channel: 'owl' }, rooms)).rejects.toMatchObject({ code: 'login-unsupported' })
  await expect(callMethod(channelsLogout, { channel: 'crow' }, rooms)).rejects.toMatchObject({ code: 'channel-unsupported' })
})

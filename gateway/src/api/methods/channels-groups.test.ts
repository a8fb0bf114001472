import type { Channel, ChatId } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { channelsGroups } from './channels-groups.ts'

it('lists the groups with their ids', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [{ id: 'pigeon', label: 'Pigeon', senders: 'platform', config: { path: 'channels.pigeon', schema: {} } } as unknown as Channel]
  rooms.state.groups = [{ chat: '123@loft' as ChatId, title: 'family', members: 3 }]
  expect(await callMethod(channelsGroups, { channel: 'pigeon' }, rooms)).toEqual({ channel: 'pigeon', accountId: 'default', groups: [{ id: '123@loft', title: 'family', members: 3 }] })
  await expect(callMethod(channelsGroups, { channel: 'pigeon', accountId: 'none' }, rooms)).rejects.toMatchObject({ code: 'account-unknown' })
})

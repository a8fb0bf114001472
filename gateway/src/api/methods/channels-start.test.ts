import type { Channel } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { channelsStart } from './channels-start.ts'

const telegram = { id: 'telegram', label: 'Telegram', senders: 'platform', config: { path: 'channels.telegram', schema: {} } } as unknown as Channel

it('writes it into the place of the login that is meant', async () => {
  const rooms = await fakeRooms({ config: { channels: { telegram: { accounts: { 'my.work': {} } } } } })
  rooms.channels = [telegram]
  const written: [string, unknown][] = []
  rooms.config.get = () => ({ accounts: { 'my.work': {} } }) as never
  rooms.config.set = async (path, value) => {
    written.push([path, value])
    return rooms.config.snapshot()
  }
  await callMethod(channelsStart, { channel: 'Telegram' }, rooms)
  await callMethod(channelsStart, { channel: 'telegram', accountId: 'my.work' }, rooms)
  expect(written).toEqual([['channels.telegram.enabled', true], ['channels.telegram.accounts["my.work"].enabled', true]])
})

it('knows no network and no login that are not there', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [telegram, { id: 'web', senders: 'authenticated' } as unknown as Channel]
  rooms.config.get = () => ({}) as never
  await expect(callMethod(channelsStart, { channel: 'web' }, rooms)).rejects.toMatchObject({ code: 'channel-unsupported' })
  await expect(callMethod(channelsStart, { channel: 'telegram', accountId: 'work' }, rooms)).rejects.toMatchObject({ code: 'account-unknown' })
})

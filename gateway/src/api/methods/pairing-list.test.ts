import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { pairingRooms } from '../testing/pairing-rooms.ts'
import { pairingList } from './pairing-list.ts'

it('lists who waits, of one channel or of all', async () => {
  const rooms = await pairingRooms()
  const requests = [{ channel: 'telegram', account: 'default', sender: '7', senderName: 'Ann', code: 'ABCD2345', createdAt: 1, lastSeenAt: 2, expiresAt: 3 }]
  expect(await callMethod(pairingList, {}, rooms)).toEqual({ requests })
  expect(await callMethod(pairingList, { channel: 'Telegram' }, rooms)).toEqual({ requests })
  await expect(callMethod(pairingList, { channel: 'fax' }, rooms)).rejects.toThrow('unsupported channel: fax')
})

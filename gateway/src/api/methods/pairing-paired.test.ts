import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { pairingRooms } from '../testing/pairing-rooms.ts'
import { pairingApprove } from './pairing-approve.ts'
import { pairingPaired } from './pairing-paired.ts'

it('lists who was let in', async () => {
  const rooms = await pairingRooms()
  expect(await callMethod(pairingPaired, {}, rooms)).toEqual({ paired: [] })
  await callMethod(pairingApprove, { channel: 'telegram', code: 'ABCD2345' }, rooms)
  expect((await callMethod(pairingPaired, {}, rooms)).paired).toMatchObject([{ sender: '7', principal: 'owner', since: expect.any(Number) }])
})

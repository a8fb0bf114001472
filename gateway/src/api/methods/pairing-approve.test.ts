import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { pairingRooms } from '../testing/pairing-rooms.ts'
import { pairingApprove } from './pairing-approve.ts'

it('lets them in and says through whom', async () => {
  const rooms = await pairingRooms()
  const approve = rooms.guard.approve
  const by: unknown[] = []
  rooms.guard.approve = (channel, code, approver) => {
    by.push(approver)
    return approve(channel, code, approver)
  }
  expect(await callMethod(pairingApprove, { channel: 'telegram', code: ' abcd2345 ' }, rooms, fakeCaller({ client: { id: 'cli', mode: 'cli' } })))
    .toMatchObject({ ok: true, paired: { channel: 'telegram', sender: '7', name: 'Ann', role: 'owner' } })
  expect(by).toEqual([{ via: 'cli', principal: 'owner' }])
  await expect(callMethod(pairingApprove, { channel: 'telegram', code: 'WRONG' }, rooms)).rejects.toMatchObject({ code: 'pairing-code-unknown' })
  expect(by[1]).toEqual({ via: 'web', principal: 'owner' })
})

import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { pairingRooms } from '../testing/pairing-rooms.ts'
import { pairingReject } from './pairing-reject.ts'

it('turns them away once', async () => {
  const rooms = await pairingRooms()
  expect(await callMethod(pairingReject, { channel: 'telegram', code: 'ABCD2345' }, rooms)).toEqual({ ok: true, rejected: true })
  await expect(callMethod(pairingReject, { channel: 'telegram', code: 'ABCD2345' }, rooms)).rejects.toMatchObject({ code: 'pairing-code-unknown' })
})

import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { pairingRooms } from '../testing/pairing-rooms.ts'
import { pairingApprove } from './pairing-approve.ts'
import { pairingRevoke } from './pairing-revoke.ts'

it('shuts someone out again; nobody there is no error', async () => {
  const rooms = await pairingRooms()
  await callMethod(pairingApprove, { channel: 'telegram', code: 'ABCD2345' }, rooms)
  expect(await callMethod(pairingRevoke, { channel: 'telegram', sender: '7' }, rooms)).toEqual({ ok: true, revoked: true })
  expect(await callMethod(pairingRevoke, { channel: 'telegram', sender: '7' }, rooms)).toEqual({ ok: true, revoked: false })
})

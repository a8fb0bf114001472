import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { deviceRooms } from '../testing/device-rooms.ts'
import { devicePairApprove } from './device-pair-approve.ts'
import { devicePairList } from './device-pair-list.ts'
import { deviceTokenRevoke } from './device-token-revoke.ts'
import { deviceTokenRotate } from './device-token-rotate.ts'

it('ends the token and keeps the record of it', async () => {
  const { rooms, requestId } = await deviceRooms()
  await callMethod(devicePairApprove, { requestId }, rooms)
  await callMethod(deviceTokenRotate, { deviceId: 'd1', role: 'operator' }, rooms)
  expect(await callMethod(deviceTokenRevoke, { deviceId: 'd1', role: 'operator' }, rooms)).toEqual({ deviceId: 'd1', role: 'operator', revokedAtMs: expect.any(Number) })
  expect((await callMethod(devicePairList, {}, rooms)).paired[0]?.tokens[0]).toMatchObject({ role: 'operator', revokedAtMs: expect.any(Number) })
  await expect(callMethod(deviceTokenRevoke, { deviceId: 'd1', role: 'node' }, rooms)).rejects.toMatchObject({ code: 'device-unknown' })
})

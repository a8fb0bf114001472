import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { deviceRooms } from '../testing/device-rooms.ts'
import { devicePairApprove } from './device-pair-approve.ts'
import { deviceTokenRotate } from './device-token-rotate.ts'

it('makes a new token each time, never wider than what was approved or what the caller holds', async () => {
  const { rooms, requestId } = await deviceRooms()
  await callMethod(devicePairApprove, { requestId }, rooms)
  const rotate = { deviceId: 'd1', role: 'operator', scopes: ['operator.read'] }
  const [one, two] = [await callMethod(deviceTokenRotate, rotate, rooms), await callMethod(deviceTokenRotate, rotate, rooms)]
  expect(one).toMatchObject({ deviceId: 'd1', role: 'operator', scopes: ['operator.read'], rotatedAtMs: expect.any(Number) })
  expect(one.token).not.toBe(two.token)
  await expect(callMethod(deviceTokenRotate, { ...rotate, scopes: ['operator.admin'] }, rooms)).rejects.toMatchObject({ code: 'device-scope-exceeds' })
  await expect(callMethod(deviceTokenRotate, { ...rotate, scopes: ['operator.write'] }, rooms, fakeCaller({ scopes: ['operator.pairing'] }))).rejects.toMatchObject({ code: 'device-scope-exceeds' })
  await expect(callMethod(deviceTokenRotate, { ...rotate, deviceId: 'd2' }, rooms)).rejects.toMatchObject({ code: 'device-unknown' })
})

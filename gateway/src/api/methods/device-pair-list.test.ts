import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { deviceRooms } from '../testing/device-rooms.ts'
import { devicePairApprove } from './device-pair-approve.ts'
import { devicePairList } from './device-pair-list.ts'

it('lists who waits and who was let in, without token values', async () => {
  const { rooms, requestId } = await deviceRooms()
  expect(await callMethod(devicePairList, {}, rooms)).toMatchObject({ pending: [{ requestId, deviceId: 'd1', displayName: 'Ann’s phone', scopes: ['operator.read', 'operator.write'], ts: expect.any(Number) }], paired: [] })
  await callMethod(devicePairApprove, { requestId }, rooms)
  const answer = await callMethod(devicePairList, {}, rooms)
  expect(answer).toMatchObject({ pending: [], paired: [{ deviceId: 'd1', approvedVia: 'person' }] })
})

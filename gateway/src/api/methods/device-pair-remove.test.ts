import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { deviceRooms } from '../testing/device-rooms.ts'
import { devicePairApprove } from './device-pair-approve.ts'
import { devicePairRemove } from './device-pair-remove.ts'

it('forgets the device', async () => {
  const { rooms, requestId } = await deviceRooms()
  await callMethod(devicePairApprove, { requestId }, rooms)
  expect(await callMethod(devicePairRemove, { deviceId: 'd1' }, rooms)).toEqual({ deviceId: 'd1', removed: true })
  expect(await rooms.devices.list()).toEqual([])
  await expect(callMethod(devicePairRemove, { deviceId: 'd1' }, rooms)).rejects.toThrow('unknown deviceId')
})

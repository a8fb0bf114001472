import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { deviceRooms } from '../testing/device-rooms.ts'
import { devicePairApprove } from './device-pair-approve.ts'

it('lets the device in once', async () => {
  const { rooms, requestId } = await deviceRooms()
  expect(await callMethod(devicePairApprove, { requestId }, rooms)).toMatchObject({ requestId, device: { deviceId: 'd1', scopes: ['operator.read', 'operator.write'] } })
  await expect(callMethod(devicePairApprove, { requestId }, rooms)).rejects.toThrow('unknown requestId')
})

it('nobody gives away more than they hold', async () => {
  const { rooms, requestId } = await deviceRooms()
  await expect(callMethod(devicePairApprove, { requestId }, rooms, fakeCaller({ scopes: ['operator.pairing', 'operator.read'] }))).rejects.toMatchObject({ code: 'device-scope-exceeds' })
  expect(await rooms.devices.list()).toEqual([])
})

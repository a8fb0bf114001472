import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { deviceRooms } from '../testing/device-rooms.ts'
import { devicePairReject } from './device-pair-reject.ts'

it('turns the device away', async () => {
  const { rooms, requestId } = await deviceRooms()
  expect(await callMethod(devicePairReject, { requestId }, rooms)).toEqual({ requestId, deviceId: 'd1' })
  expect(await rooms.devices.pending()).toEqual([])
  await expect(callMethod(devicePairReject, { requestId }, rooms)).rejects.toThrow('unknown requestId')
})

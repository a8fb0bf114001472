import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { updateStatus } from './update-status.ts'

it('answers truthfully that there is nothing, also when a client adds keys of its own', async () => {
  expect(await callMethod(updateStatus, { includeDisabled: true, agentId: 'main' }, await fakeRooms())).toEqual({ sentinel: null, updateAvailable: null, effectiveChannel: 'stable' })
})

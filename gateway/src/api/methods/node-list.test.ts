import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { nodeList } from './node-list.ts'

it('answers truthfully that there is nothing, also when a client adds keys of its own', async () => {
  expect(await callMethod(nodeList, { includeDisabled: true, agentId: 'main' }, await fakeRooms())).toEqual({ ts: expect.any(Number), nodes: [] })
})

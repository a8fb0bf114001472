import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { cronList } from './cron-list.ts'

it('answers truthfully that there is nothing, also when a client adds keys of its own', async () => {
  expect(await callMethod(cronList, { includeDisabled: true, agentId: 'main' }, await fakeRooms())).toEqual({ jobs: [], total: 0, hasMore: false })
})

import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { outboxCounts } from './outbox-counts.ts'

it('passes the counts on', async () => {
  const rooms = await fakeRooms()
  rooms.outbox.counts = async () => ({ waiting: 1, ambiguous: 2, failed: 3 })
  expect(await callMethod(outboxCounts, {}, rooms)).toEqual({ waiting: 1, ambiguous: 2, failed: 3 })
})

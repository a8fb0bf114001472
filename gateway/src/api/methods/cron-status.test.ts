import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { cronStatus } from './cron-status.ts'

it('answers truthfully that there is nothing, also when a client adds keys of its own', async () => {
  expect(await callMethod(cronStatus, { includeDisabled: true, agentId: 'main' }, await fakeRooms())).toEqual({ enabled: false, storePath: '', jobs: 0, nextWakeAtMs: null })
})

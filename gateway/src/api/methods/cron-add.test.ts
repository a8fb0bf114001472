import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { cronAdd } from './cron-add.ts'

it('refuses in words', async () => {
  await expect(callMethod(cronAdd, { name: 'news', schedule: { kind: 'every', everyMs: 1_000 } }, await fakeRooms())).rejects.toMatchObject({ code: 'jobs-own-missing' })
})

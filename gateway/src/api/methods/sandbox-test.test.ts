import { Problem } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sandboxTest } from './sandbox-test.ts'

it('passes on what held, and why it could not be tried', async () => {
  const rooms = await fakeRooms()
  const probe = { id: 'SBX-01', what: 'read keys', held: false, saw: '/etc/shadow' }
  const never = (): Promise<never> => Promise.reject(new Problem('sandbox-unavailable', 'bubblewrap is not installed.'))
  rooms.sandbox = { explain: never, probe: async () => [probe] }
  expect(await callMethod(sandboxTest, {}, rooms)).toEqual({ probes: [probe] })
  rooms.sandbox = { explain: never, probe: never }
  await expect(callMethod(sandboxTest, {}, rooms)).rejects.toMatchObject({ code: 'sandbox-unavailable' })
})

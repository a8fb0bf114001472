import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { memoryStatus } from './memory-status.ts'

it('tells the files of the caller\'s memory', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(memoryStatus, {}, rooms)).rejects.toMatchObject({ code: 'memory-absent' })
  rooms.memory = { search: async () => [], status: async ({ principal, agent }) => ({ files: [{ path: `${principal}/${agent ?? ''}`, bytes: 7 }], lines: 1 }) }
  expect(await callMethod(memoryStatus, { agentId: 'work' }, rooms)).toEqual({ files: [{ path: 'owner/work', bytes: 7 }], lines: 1 })
})

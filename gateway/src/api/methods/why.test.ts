import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { why } from './why.ts'

it('tells the path, or that there is none', async () => {
  const rooms = await fakeRooms()
  rooms.state.why.set('in1', { lines: ['accepted', 'answered'], data: { id: 'in1' } })
  expect(await callMethod(why, { id: 'in1' }, rooms)).toEqual({ lines: ['accepted', 'answered'], data: { id: 'in1' } })
  await expect(callMethod(why, { id: 'in2' }, rooms)).rejects.toThrow('Nothing is known under "in2"')
})

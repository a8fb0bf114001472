import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { egressToday } from './egress-today.ts'

it('tells what left on a day', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(egressToday, {}, rooms)).rejects.toMatchObject({ message: expect.stringContaining('reaches nothing') })
  const asked: number[] = []
  const counts = { connections: 1, refused: 0, bytesOut: 2, bytesIn: 3 }
  rooms.egress = { test: () => Promise.reject(new Error('not asked')), day: async (daysAgo) => { asked.push(daysAgo); return { date: '2026-01-02', ...counts, rows: [{ host: 'h', agent: 'main', principal: 'owner', use: 'web', ...counts }] } } }
  expect(await callMethod(egressToday, {}, rooms)).toMatchObject({ date: '2026-01-02', bytesOut: 2, rows: [{ host: 'h' }] })
  await callMethod(egressToday, { daysAgo: 3 }, rooms)
  expect(asked).toEqual([0, 3])
})

import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { logsTail } from './logs-tail.ts'

it('gives records the shape clients filter by, and leaves other lines as they are', async () => {
  const rooms = await fakeRooms()
  rooms.state.logLines = [
    JSON.stringify({ level: 40, time: 1_770_000_000_000, room: 'door', msg: 'refused', address: '::1' }),
    'Error: a crash', '[1,2]', JSON.stringify({ level: 'info', time: '2026-02-02T02:40:00.000Z', msg: 'in words' }), JSON.stringify({ _meta: {}, 1: 'theirs' }),
  ]
  const { lines, file, cursor } = await callMethod(logsTail, { limit: 500, maxBytes: 250_000 }, rooms)
  expect({ file, cursor }).toEqual({ file: '/home/someone/.moltbot/logs/gateway.log', cursor: 5 })
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    0: '{"subsystem":"door"}', 1: 'refused', address: '::1', time: '2026-02-02T02:40:00.000Z',
    _meta: { logLevelName: 'WARN', name: '{"subsystem":"door"}', date: '2026-02-02T02:40:00.000Z' },
  })
  expect(lines.slice(1, 3)).toEqual(['Error: a crash', '[1,2]'])
  expect(JSON.parse(lines[3] ?? '')).toMatchObject({ 1: 'in words', _meta: { logLevelName: 'INFO' } })
  expect(lines[4]).toBe('{"1":"theirs","_meta":{}}')
})

it('hands cursor and limits on, and keeps them within bounds', async () => {
  const rooms = await fakeRooms()
  const asked: unknown[] = []
  rooms.logs.tail = async (...given) => {
    asked.push(given)
    return { cursor: 9, size: 9, lines: [], truncated: false, reset: true }
  }
  expect(await callMethod(logsTail, { cursor: 4 }, rooms)).toMatchObject({ cursor: 9, reset: true })
  expect(asked).toEqual([[4, 500, 250_000]])
  await expect(callMethod(logsTail, { limit: 5001 }, rooms)).rejects.toThrow('invalid logs.tail params')
})

import { ownerPrincipal } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { memorySearch } from './memory-search.ts'

it('searches the caller\'s own memory and says where lines come from', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(memorySearch, { query: 'x' }, rooms)).rejects.toMatchObject({ code: 'memory-absent' })
  const asked: unknown[] = []
  const hit = { path: 'MEMORY.md', line: 3, text: 't', day: null, source: null, owner: ownerPrincipal, score: 0.5 }
  rooms.memory = { async search(request) { asked.push(request); return [hit, { ...hit, origin: 'external' }] }, status: async () => ({ files: [], lines: 0 }) }
  expect((await callMethod(memorySearch, { query: 'x', maxResults: 2 }, rooms)).hits.map(({ origin }) => origin)).toEqual([null, 'external'])
  expect(asked).toEqual([{ principal: 'owner', query: 'x', max: 2 }])
})

import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { modelsList } from './models-list.ts'

it('sorted by provider, then name; the default is marked', async () => {
  const rooms = await fakeRooms()
  const model = { contextWindow: 200_000, maxOutputTokens: 1, input: ['text' as const], reasoning: true, available: false, credential: 'missing' as const }
  rooms.state.models = [{ ...model, provider: 'z', id: 'a' }, { ...model, provider: 'b', id: 'x', name: 'Zed' }, { ...model, provider: 'b', id: 'y', name: 'Ann' }]
  rooms.state.primary = 'b/x'
  const { models } = await callMethod(modelsList, { view: 'default', preparedOnly: true, unknownKey: 1 }, rooms)
  expect(models.map((row) => `${row.provider}/${row.id} ${row.name} ${row.tags.join()}`)).toEqual(['b/y Ann ', 'b/x Zed default', 'z/a a '])
  expect(models[0]).toMatchObject({ contextWindow: 200_000, reasoning: true, available: false, credential: 'missing', input: ['text'] })
})

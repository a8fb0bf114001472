import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { modelsSet } from './models-set.ts'

it('writes the full name where the configuration keeps it', async () => {
  const rooms = await fakeRooms()
  expect(await callMethod(modelsSet, { primary: 'assistant' }, rooms)).toMatchObject({ ok: true, primary: 'builtin/assistant' })
  expect(rooms.state.config).toEqual({ agents: { defaults: { model: { primary: 'builtin/assistant' } } } })
})

it('replaces the older short form whole', async () => {
  const rooms = await fakeRooms({ config: { agents: { defaults: { model: 'old/one' } } } })
  await callMethod(modelsSet, { primary: 'assistant' }, rooms)
  expect(rooms.state.config).toEqual({ agents: { defaults: { model: { primary: 'builtin/assistant' } } } })
})

it('refuses a model nobody knows', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(modelsSet, { primary: 'nope' }, rooms)).rejects.toThrow('unknown model: nope')
  expect(rooms.state.config).toEqual({})
})

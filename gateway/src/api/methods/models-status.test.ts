import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { modelsStatus } from './models-status.ts'

it('says which model answers, why, and what providers have', async () => {
  expect(await callMethod(modelsStatus, {}, await fakeRooms())).toEqual({
    primary: 'builtin/assistant', fallbacks: [], why: 'the only usable model', providers: [{ id: 'builtin', models: 1, available: true, credential: 'not-needed' }], needsYou: [],
  })
})

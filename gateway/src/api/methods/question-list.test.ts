import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { questionList } from './question-list.ts'

it('answers truthfully that there is nothing, also when a client adds keys of its own', async () => {
  expect(await callMethod(questionList, { includeDisabled: true, agentId: 'main' }, await fakeRooms())).toEqual({ questions: [] })
})

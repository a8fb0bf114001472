import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { chatMetadata } from './chat-metadata.ts'

it('brings models and commands', async () => {
  const answer = await callMethod(chatMetadata, { sessionKey: 'main' }, await fakeRooms())
  expect(answer.models.map((model) => model.id)).toEqual(['assistant'])
  expect(answer.commands.map((command) => command.textAliases)).toEqual([['/help']])
})

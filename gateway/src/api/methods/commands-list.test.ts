import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { commandsList } from './commands-list.ts'

it('names without slash, aliases with', async () => {
  const rooms = await fakeRooms()
  rooms.state.commands = [{ name: 'model', aliases: ['m'], description: 'Chooses the model.', args: '[name]', ownerOnly: true }]
  expect((await callMethod(commandsList, {}, rooms)).commands).toEqual([{
    name: 'model', nativeName: 'model', textAliases: ['/model', '/m'], description: 'Chooses the model.', category: 'session', source: 'native', scope: 'both',
    acceptsArgs: true, args: [{ name: '[name]', description: '[name]', type: 'string' }], ownerOnly: true,
  }])
})

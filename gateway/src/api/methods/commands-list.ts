import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { CommandRow, commandRows } from '../wire/command-rows.ts'
import { open } from '../wire/params.ts'

export const commandsList = defineMethod({
  name: 'commands.list',
  scope: 'operator.read',
  summary: 'The commands that can be written in a chat.',
  params: open({ agentId: Type.Optional(Type.String()) }),
  result: Type.Object({ commands: Type.Array(CommandRow) }),
  handle: async (_params, rooms) => ({ commands: commandRows(rooms) }),
})

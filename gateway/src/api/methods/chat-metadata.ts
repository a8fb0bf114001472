import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { CommandRow, commandRows } from '../wire/command-rows.ts'
import { ModelRow, modelRows } from '../wire/model-rows.ts'
import { open } from '../wire/params.ts'

export const chatMetadata = defineMethod({
  name: 'chat.metadata',
  scope: 'operator.read',
  summary: 'The models to choose from and the commands to complete, in one answer.',
  params: open({ agentId: Type.Optional(Type.String()), sessionKey: Type.Optional(Type.String()) }),
  result: Type.Object({ models: Type.Array(ModelRow), commands: Type.Array(CommandRow) }),
  handle: async (_params, rooms) => ({ models: await modelRows(rooms), commands: commandRows(rooms) }),
})

import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ModelRow, modelRows } from '../wire/model-rows.ts'
import { ignored, open } from '../wire/params.ts'

export const modelsList = defineMethod({
  name: 'models.list',
  scope: 'operator.read',
  summary: 'The models of every usable provider, by provider and name.',
  params: open(ignored('agentId', 'view', 'preparedOnly', 'refresh', 'includeDetails', 'sessionKey')),
  result: Type.Object({ models: Type.Array(ModelRow) }),
  handle: async (_params, rooms) => ({ models: await modelRows(rooms) }),
})

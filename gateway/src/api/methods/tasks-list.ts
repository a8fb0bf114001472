import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const tasksList = defineMethod({
  name: 'tasks.list',
  scope: 'operator.read',
  summary: 'Background tasks; there are none.',
  params: open({}),
  result: Type.Object({ tasks: Type.Array(Type.Unknown()) }),
  handle: async (_params) => ({ tasks: [] }),
})

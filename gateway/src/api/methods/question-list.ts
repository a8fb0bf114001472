import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const questionList = defineMethod({
  name: 'question.list',
  scope: 'operator.read',
  summary: 'Questions that wait for a person; there are none.',
  params: open({}),
  result: Type.Object({ questions: Type.Array(Type.Unknown()) }),
  handle: async (_params) => ({ questions: [] }),
})

import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const execApprovalList = defineMethod({
  name: 'exec.approval.list',
  scope: 'operator.approvals',
  summary: 'Commands that wait for a yes; there are none.',
  params: open({}),
  result: Type.Array(Type.Unknown()),
  handle: async (_params) => ([]),
})

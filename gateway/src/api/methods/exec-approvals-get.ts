import { defineMethod } from '../method.ts'
import { ExecApprovalsSnapshot, execApprovalsSnapshot } from '../wire/exec-approvals-file.ts'
import { open } from '../wire/params.ts'

export const execApprovalsGet = defineMethod({
  name: 'exec.approvals.get',
  scope: 'operator.admin',
  summary: 'Which commands run without a question, as the family\'s file of approvals: a view of `tools.exec` and of the agents\' own lists.',
  params: open({}),
  result: ExecApprovalsSnapshot,
  handle: async (_params, rooms) => execApprovalsSnapshot(rooms),
})

import { defineCommand, exitCodes } from '@moltbot/contract'
import { approvalLines } from '../approval-lines.ts'
import { printable } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'

export const approvalsShow = defineCommand({
  name: 'approvals show',
  summary: 'The whole call a question is about',
  topic: 'people',
  description: 'Nothing hides in what is shown: control, invisible and reordering characters are written out.',
  args: { code: { summary: 'The code or id of the question, open or answered', required: true } },
  flags: {},
  json: '{id, code, request, detail, reason, state, …}',
  async run({ args }, { gateway, report, clock }) {
    const approval = asFields(await (await gateway()).request('exec.approval.get', { id: args.code }))
    report(approval, () => [...approvalLines(approval, clock.now()), '', ...printable(asText(approval['detail']) ?? '').split('\n')])
    return exitCodes.ok
  },
})

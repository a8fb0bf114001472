import { defineCommand, exitCodes } from '@moltbot/contract'
import { approvalLines } from '../approval-lines.ts'
import { asList } from '../wire-fields.ts'

export const approvalsList = defineCommand({
  name: 'approvals list',
  summary: 'What waits for your yes',
  topic: 'people',
  groupDefault: true,
  args: {},
  flags: {},
  json: '[{id, code, request, reason, always, expiresAtMs, …}]',
  async run(_, { gateway, report, clock }) {
    const open = asList(await (await gateway()).request('exec.approval.list'))
    report(open, () => (open.length === 0 ? 'Nothing waits for an answer.' : [...open.flatMap((approval) => [...approvalLines(approval, clock.now()), '']), 'Answer with: moltbot approvals approve <code> [--always], or moltbot approvals deny <code>']))
    return exitCodes.ok
  },
})

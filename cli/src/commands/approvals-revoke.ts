import { defineCommand, exitCodes, Problem } from '@moltbot/contract'
import { asFields, asNumber } from '../wire-fields.ts'

export const approvalsRevoke = defineCommand({
  name: 'approvals revoke',
  summary: 'Take back what you allowed for good',
  topic: 'people',
  args: { id: { summary: 'The id shown by `approvals grants`, or all', required: true } },
  flags: {},
  json: '{ok, revoked}',
  examples: ['approvals revoke all'],
  async run({ args }, { gateway, report, terminal }) {
    const answer = asFields(await (await gateway()).request('exec.approval.grants.revoke', { id: args.id }))
    const revoked = asNumber(answer['revoked']) ?? 0
    if (revoked === 0 && args.id !== 'all') throw new Problem('usage', `Nothing called "${args.id}" is allowed for good.`, { next: 'See what is: moltbot approvals grants' })
    report(answer, () => `${terminal.paint.green('✓')} ${revoked === 1 ? 'One permission was' : `${revoked} permissions were`} taken back.`)
    return exitCodes.ok
  },
})

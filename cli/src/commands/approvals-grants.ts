import { defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { table } from '../table.ts'
import { agoWords } from '../time-words.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'

export const approvalsGrants = defineCommand({
  name: 'approvals grants',
  summary: 'What you allowed for good',
  topic: 'people',
  args: {},
  flags: {},
  json: '{grants: [{id, principal, agentId, kind, what, words, sinceMs, by}]}',
  async run(_, { gateway, report, clock, terminal }) {
    const answer = asFields(await (await gateway()).request('exec.approval.grants.list'))
    const grants = asList(answer['grants'])
    report(answer, () => (grants.length === 0 ? 'Nothing is allowed for good.' : [
      ...table(['Id', 'For', 'Agent', 'What', 'Since'], grants.map((grant) => [asText(grant['id']) ?? '', asText(grant['principal']) ?? '', asText(grant['agentId']) ?? '', printableLine(asText(grant['words']) ?? ''), agoWords(asNumber(grant['sinceMs']), clock.now())]), terminal.columns(), terminal.paint.dim),
      '', 'Take one back with: moltbot approvals revoke <id>, or all of them with: moltbot approvals revoke all',
    ]))
    return exitCodes.ok
  },
})

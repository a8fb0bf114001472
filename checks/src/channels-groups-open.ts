import { defineCheck } from '@moltbot/contract'
import { channelAccounts } from './channel-accounts.ts'

export const channelsGroupsOpen = defineCheck({
  id: 'channels.groups.open',
  severity: 'critical',
  title: 'The assistant speaks only in groups you named',
  quick: true,
  find: (facts) => channelAccounts(facts).filter(({ groupPolicy }) => groupPolicy === 'open' || groupPolicy === 'mention-only').map(({ path, groupPolicy }) => ({
    check: 'channels.groups.open', severity: 'critical', subject: path,
    evidence: `groupPolicy is ${groupPolicy}: whoever adds it to a group can give it work, and so can everyone there.`,
    remedy: `Set ${path}.groupPolicy to "allowlist" and name the groups in ${path}.groups.`,
  })),
  fix: (_, finding) => ({ kind: 'config', path: `${finding.subject}.groupPolicy`, value: 'allowlist' }),
})

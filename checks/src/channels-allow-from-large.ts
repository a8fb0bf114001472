import { defineCheck } from '@moltbot/contract'
import { channelAccounts } from './channel-accounts.ts'

const many = 25

export const channelsAllowFromLarge = defineCheck({
  id: 'channels.allow_from.large',
  severity: 'warn',
  title: 'Lists of allowed people are short enough to know them all',
  find: (facts) => channelAccounts(facts).flatMap(({ path, allowFrom, groupAllowFrom }) => [{ subject: `${path}.allowFrom`, count: allowFrom.length }, { subject: `${path}.groupAllowFrom`, count: groupAllowFrom.length }])
    .filter(({ count }) => count > many).map(({ subject, count }) => ({
      check: 'channels.allow_from.large', severity: 'warn', subject,
      evidence: `It names ${count} people.`,
      remedy: 'Take out who no longer needs it.',
    })),
})

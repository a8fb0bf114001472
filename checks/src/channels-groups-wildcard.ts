import { defineCheck } from '@moltbot/contract'
import { channelAccounts } from './channel-accounts.ts'
import { asFields } from './config-value.ts'

export const channelsGroupsWildcard = defineCheck({
  id: 'channels.groups.wildcard',
  severity: 'warn',
  title: 'Every group is named by its id',
  find: (facts) => channelAccounts(facts).flatMap(({ path, groupPolicy, settings }) => {
    const every = asFields(settings['groups'])['*']
    if (groupPolicy === 'disabled' || every === undefined || asFields(every)['enabled'] === false) return []
    return [{
      check: 'channels.groups.wildcard', severity: 'warn' as const, subject: `${path}.groups`,
      evidence: 'It has an entry "*": every group the assistant is added to counts as named.',
      remedy: 'Name each group by its id, or set enabled to false in the entry "*".',
    }]
  }),
})

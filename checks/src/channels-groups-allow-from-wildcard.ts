import { defineCheck } from '@moltbot/contract'
import { channelAccounts, isEveryone } from './channel-accounts.ts'
import { asFields, configPath, wordsOf } from './config-value.ts'

export const channelsGroupsAllowFromWildcard = defineCheck({
  id: 'channels.groups.allow_from_wildcard',
  severity: 'critical',
  title: 'In groups, only people you named can give orders',
  find: (facts) => channelAccounts(facts).flatMap(({ path, keys, groupPolicy, groupAllowFrom, settings }) => {
    if (groupPolicy === 'disabled') return []
    const places = [
      ...(groupAllowFrom.some(isEveryone) ? [{ subject: `${path}.groupAllowFrom`, wide: true }] : []),
      ...Object.entries(asFields(settings['groups'])).filter(([, group]) => wordsOf(asFields(group)['allowFrom']).some(isEveryone)).map(([group]) => ({ subject: `${configPath([...keys, 'groups', group])}.allowFrom`, wide: group === '*' })),
    ]
    return places.map(({ subject, wide }) => ({
      check: 'channels.groups.allow_from_wildcard', severity: wide ? 'critical' as const : 'warn' as const, subject,
      evidence: wide ? 'It has "*": every member of every listed group can give the assistant orders and commands.' : 'It has "*": every member of this group can give the assistant orders and commands.',
      remedy: 'Name the people by their ids.',
    }))
  }),
})

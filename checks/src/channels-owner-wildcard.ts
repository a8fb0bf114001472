import { defineCheck } from '@moltbot/contract'
import { isEveryone } from './channel-accounts.ts'
import { valueAt, wordsOf } from './config-value.ts'

export const channelsOwnerWildcard = defineCheck({
  id: 'channels.owner_wildcard',
  severity: 'critical',
  title: 'The owner is a person, not everybody',
  quick: true,
  find: (facts) => wordsOf(valueAt(facts, 'commands.ownerAllowFrom')).filter((entry) => isEveryone(entry.replace(/^[^:]*:/, ''))).map((entry) => ({
    check: 'channels.owner_wildcard', severity: 'critical', subject: 'commands.ownerAllowFrom',
    evidence: `"${entry}" would make everybody the owner.`,
    remedy: 'Name yourself by channel and id, for example "channel:123456789".',
  })),
})

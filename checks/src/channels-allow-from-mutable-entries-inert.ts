import { defineCheck } from '@moltbot/contract'
import { channelAccounts, isEveryone } from './channel-accounts.ts'
import { valueAt, wordsOf } from './config-value.ts'

export const channelsAllowFromMutableEntriesInert = defineCheck({
  id: 'channels.allow_from.mutable_entries_inert',
  severity: 'warn',
  title: 'People are listed by ids they cannot change',
  find(facts) {
    const lists = channelAccounts(facts).flatMap(({ path, allowFrom, groupAllowFrom }) => [
      { subject: `${path}.allowFrom`, entries: allowFrom }, { subject: `${path}.groupAllowFrom`, entries: groupAllowFrom },
    ])
    return [...lists, { subject: 'commands.ownerAllowFrom', entries: wordsOf(valueAt(facts, 'commands.ownerAllowFrom')) }].flatMap(({ subject, entries }) => {
      const inert = entries.filter((entry) => !isEveryone(entry) && (entry.trim() === '' || /^(?:[a-z-]+:)?@|\s/i.test(entry.trim())))
      return inert.length === 0 ? [] : [{
        check: 'channels.allow_from.mutable_entries_inert', severity: 'warn' as const, subject,
        evidence: `${inert.map((entry) => `"${entry}"`).slice(0, 5).join(', ')} ${inert.length === 1 ? 'is no id' : 'are no ids'} and match${inert.length === 1 ? 'es' : ''} nobody: names can be taken by others.`,
        remedy: 'Put the network’s numeric or stable id there; moltbot pairing list shows it when the person writes.',
      }]
    })
  },
})

import { defineCheck } from '@moltbot/contract'
import { channelAccounts } from './channel-accounts.ts'
import { valueAt, wordsOf } from './config-value.ts'

export const channelsDmAllowlistEmpty = defineCheck({
  id: 'channels.dm.allowlist_empty',
  severity: 'warn',
  title: 'A list of allowed people names somebody',
  find(facts) {
    const owners = wordsOf(valueAt(facts, 'commands.ownerAllowFrom'))
    return channelAccounts(facts).flatMap(({ path, channel, dmPolicy, allowFrom }) => {
      if (dmPolicy !== 'allowlist' || allowFrom.some((entry) => entry.trim() !== '') || owners.some((owner) => owner.startsWith(`${channel}:`))) return []
      return [{
        check: 'channels.dm.allowlist_empty', severity: 'warn' as const, subject: path,
        evidence: 'dmPolicy is allowlist and allowFrom names nobody: nobody can write directly.',
        remedy: `Add people’s ids to ${path}.allowFrom, or set dmPolicy to "pairing".`,
      }]
    })
  },
})

import { defineCheck } from '@moltbot/contract'
import { channelAccounts } from './channel-accounts.ts'

export const channelsDmDisabled = defineCheck({
  id: 'channels.dm.disabled',
  severity: 'info',
  title: 'Direct messages are possible on every connected network',
  find: (facts) => channelAccounts(facts).filter(({ dmPolicy }) => dmPolicy === 'disabled').map(({ path }) => ({
    check: 'channels.dm.disabled', severity: 'info', subject: path,
    evidence: 'dmPolicy is disabled: not even you can write directly.',
    remedy: `If that is not meant, set ${path}.dmPolicy to "pairing".`,
  })),
})

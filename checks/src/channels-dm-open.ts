import { defineCheck } from '@moltbot/contract'
import { channelAccounts, isEveryone } from './channel-accounts.ts'

export const channelsDmOpen = defineCheck({
  id: 'channels.dm.open',
  severity: 'critical',
  title: 'Strangers cannot talk to the assistant directly',
  quick: true,
  find: (facts) => channelAccounts(facts).filter(({ dmPolicy, allowFrom }) => dmPolicy === 'open' && allowFrom.some(isEveryone)).map(({ path }) => ({
    check: 'channels.dm.open', severity: 'critical', subject: path,
    evidence: 'dmPolicy is open and allowFrom says everyone: whoever finds the address is answered, at your cost.',
    remedy: `Set ${path}.dmPolicy to "pairing"; people then ask with a code that you approve.`,
  })),
  fix: (_, finding) => ({ kind: 'config', path: `${finding.subject}.dmPolicy`, value: 'pairing' }),
})

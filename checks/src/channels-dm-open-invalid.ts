import { defineCheck } from '@moltbot/contract'
import { channelAccounts, isEveryone } from './channel-accounts.ts'

export const channelsDmOpenInvalid = defineCheck({
  id: 'channels.dm.open_invalid',
  severity: 'warn',
  title: 'A policy that says open means it',
  find: (facts) => channelAccounts(facts).filter(({ dmPolicy, allowFrom }) => dmPolicy === 'open' && !allowFrom.some(isEveryone)).map(({ path }) => ({
    check: 'channels.dm.open_invalid', severity: 'warn', subject: path,
    evidence: 'dmPolicy is open without "*" in allowFrom: strangers are refused in silence, against what is written.',
    remedy: `Set ${path}.dmPolicy to "pairing" or "allowlist".`,
  })),
  fix: (_, finding) => ({ kind: 'config', path: `${finding.subject}.dmPolicy`, value: 'pairing' }),
})

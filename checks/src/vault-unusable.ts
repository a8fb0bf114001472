import { defineCheck } from '@moltbot/contract'

export const vaultUnusable = defineCheck({
  id: 'vault.unusable',
  severity: 'critical',
  title: 'The sealed secrets can be opened with their key',
  find: (facts) => (facts.vault.state !== 'unusable' ? [] : [{
    check: 'vault.unusable', severity: 'critical', subject: `${facts.stateDir}/credentials/vault.json`,
    evidence: `The sealed secrets cannot be used: ${facts.vault.reason.replace(/\.$/, '')}.`,
    remedy: 'Bring back the file or its key from a backup; if it was neither you nor a broken disk, treat the secrets as known to others.',
  }]),
})

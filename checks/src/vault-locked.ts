import { defineCheck } from '@moltbot/contract'

export const vaultLocked = defineCheck({
  id: 'vault.locked',
  severity: 'warn',
  title: 'The sealed secrets are within reach of the gateway',
  find: (facts) => (facts.vault.state !== 'locked' ? [] : [{
    // Without a running gateway nobody has given the key yet, and nothing is wrong with that.
    check: 'vault.locked', severity: facts.live === null ? 'info' as const : 'warn' as const, subject: `${facts.stateDir}/credentials/vault.json`,
    evidence: `What is sealed cannot be used, and the record is not signed meanwhile: ${facts.vault.reason.replace(/\.$/, '')}.`,
    remedy: 'Give the gateway its key: moltbot vault unlock',
  }]),
})

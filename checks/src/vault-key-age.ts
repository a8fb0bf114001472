import { defineCheck } from '@moltbot/contract'

const day = 86_400_000
const daysMax = 365

export const vaultKeyAge = defineCheck({
  id: 'vault.key_age',
  severity: 'warn',
  title: 'The key of the sealed secrets was replaced within the last year',
  find: (facts) => facts.files.flatMap(({ role, path, kind, modifiedAt }) => {
    const days = Math.floor((facts.takenAt - modifiedAt) / day)
    if (role !== 'vault-key' || kind !== 'file' || days <= daysMax) return []
    return [{
      check: 'vault.key_age', severity: days > 2 * daysMax ? 'warn' as const : 'info' as const, subject: path,
      evidence: `It was made ${days} days ago.`,
      remedy: 'Replace it; everything is sealed anew while the gateway runs: moltbot vault rotate. Keep a new backup of the key.',
    }]
  }),
})

import { defineCheck } from '@moltbot/contract'

const day = 86_400_000
const daysMax = 90

export const gatewayTokenAge = defineCheck({
  id: 'gateway.token_age',
  severity: 'warn',
  title: 'The gateway token was replaced within the last 90 days',
  find: (facts) => facts.credentials.flatMap(({ path, knownSince }) => {
    const days = knownSince === null ? 0 : Math.floor((facts.takenAt - knownSince) / day)
    if (!path.startsWith('gateway.auth.') || days <= daysMax) return []
    return [{
      check: 'gateway.token_age', severity: days > 2 * daysMax ? 'warn' as const : 'info' as const, subject: path,
      evidence: `It is at least ${days} days old.`,
      remedy: 'Replace it; running sessions of the old one end at once: bash scripts/rotate-gateway-token.sh',
    }]
  }),
})

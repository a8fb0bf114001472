import { defineCheck } from '@moltbot/contract'

export const gatewayTokenReused = defineCheck({
  id: 'gateway.token_reused',
  severity: 'critical',
  title: 'Every secret is used for one thing',
  find: (facts) => facts.credentials.flatMap(({ path, sameAs, length }) => {
    // Told once, of the one that matters more.
    const others = sameAs.filter((other) => rank(other) > rank(path) || (rank(other) === rank(path) && other > path))
    if (others.length === 0 || length === 0) return []
    return [{
      check: 'gateway.token_reused', severity: path.startsWith('gateway.auth.') ? 'critical' as const : 'warn' as const, subject: path,
      evidence: `The same value is also ${others.join(' and ')}: whoever learns one has the other.`,
      remedy: path === 'gateway.auth.token' ? 'Make a new token: bash scripts/rotate-gateway-token.sh' : 'Replace one of them.',
    }]
  }),
})

function rank(path: string): number {
  return path.startsWith('gateway.auth.') ? 0 : 1
}

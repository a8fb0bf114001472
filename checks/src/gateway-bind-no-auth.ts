import { defineCheck } from '@moltbot/contract'
import { doorExposure, doorSecret } from './door-exposure.ts'

export const gatewayBindNoAuth = defineCheck({
  id: 'gateway.bind_no_auth',
  severity: 'critical',
  title: 'What other machines can reach needs a secret',
  quick: true,
  find(facts) {
    const { reach, because } = doorExposure(facts)
    if (reach === 'here' || doorSecret(facts) !== undefined) return []
    return [{
      check: 'gateway.bind_no_auth', severity: 'critical', subject: 'gateway.auth',
      evidence: `Other machines reach the gateway (${because}), and there is neither token nor password.`,
      remedy: 'Make a token: bash scripts/rotate-gateway-token.sh',
    }]
  },
})

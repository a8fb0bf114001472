import { defineCheck } from '@moltbot/contract'
import { doorSecret } from './door-exposure.ts'

const lengthMin = 24

export const gatewayTokenTooShort = defineCheck({
  id: 'gateway.token_too_short',
  severity: 'warn',
  title: 'The gateway token is long enough that nobody guesses it',
  quick: true,
  find(facts) {
    const secret = doorSecret(facts)
    if (secret === undefined || secret.path !== 'gateway.auth.token' || secret.placeholder || (secret.length >= lengthMin && secret.bits >= 80)) return []
    return [{
      check: 'gateway.token_too_short', severity: 'warn', subject: secret.path,
      evidence: secret.length < lengthMin ? `It has ${secret.length} characters; fewer than ${lengthMin} can be guessed.` : `It has ${secret.length} characters, but so few different ones that it is worth only about ${Math.round(secret.bits)} bits.`,
      remedy: 'Make a new one: bash scripts/rotate-gateway-token.sh',
    }]
  },
})

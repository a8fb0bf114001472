import { defineCheck } from '@moltbot/contract'
import { doorExposure, doorSecret } from './door-exposure.ts'

const lengthMin = 12

export const gatewayPasswordTooShort = defineCheck({
  id: 'gateway.password_too_short',
  severity: 'critical',
  title: 'The gateway password is long enough that nobody guesses it',
  find(facts) {
    const secret = doorSecret(facts)
    if (secret === undefined || secret.path !== 'gateway.auth.password' || secret.placeholder || (secret.length >= lengthMin && secret.bits >= 45)) return []
    return [{
      check: 'gateway.password_too_short', severity: doorExposure(facts).reach === 'here' ? 'warn' : 'critical', subject: secret.path,
      evidence: secret.length < lengthMin ? `It has ${secret.length} characters; ${lengthMin} are the least that holds.` : 'It repeats few characters and is easily guessed.',
      remedy: 'Choose four or more random words, or use mode token: bash scripts/rotate-gateway-token.sh',
    }]
  },
})

import { defineCheck } from '@moltbot/contract'
import { doorExposure, doorSecret } from './door-exposure.ts'

export const gatewayLoopbackNoAuth = defineCheck({
  id: 'gateway.loopback_no_auth',
  severity: 'critical',
  title: 'The gateway has a token or password',
  quick: true,
  find: (facts) => (!facts.config.exists || doorExposure(facts).reach !== 'here' || doorSecret(facts) !== undefined ? [] : [{
    check: 'gateway.loopback_no_auth', severity: 'critical', subject: 'gateway.auth',
    evidence: 'There is neither token nor password: every program of this machine, and every web page in its browsers, is a client.',
    remedy: 'Make a token: bash scripts/rotate-gateway-token.sh',
  }]),
})

import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayAuthNoRateLimit } from './gateway-auth-no-rate-limit.ts'

testCheck(gatewayAuthNoRateLimit, {
  faults: { 'a hundred thousand': { change: (facts) => setConfig(facts, 'gateway.auth.rateLimit.maxAttempts', 100_000), finds: [{ subject: 'gateway.auth.rateLimit', evidence: /1200000 guesses/ }], mended: true } },
  harmless: { 'twenty a minute, locked for a minute and a half': (facts) => setConfig(facts, 'gateway.auth.rateLimit', { maxAttempts: 20, windowMs: 60_000, lockoutMs: 90_000 }) },
})

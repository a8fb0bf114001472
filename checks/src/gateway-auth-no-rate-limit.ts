import { defineCheck } from '@moltbot/contract'
import { asFields, valueAt } from './config-value.ts'

export const gatewayAuthNoRateLimit = defineCheck({
  id: 'gateway.auth_no_rate_limit',
  severity: 'warn',
  title: 'Guessing the secret is slowed down',
  find(facts) {
    const { maxAttempts, windowMs, lockoutMs } = asFields(valueAt(facts, 'gateway.auth.rateLimit'))
    if (typeof maxAttempts !== 'number' || typeof windowMs !== 'number' || typeof lockoutMs !== 'number') return []
    const perHour = Math.round((maxAttempts * 3_600_000) / Math.max(windowMs, lockoutMs))
    return perHour <= 1_000 ? [] : [{
      check: 'gateway.auth_no_rate_limit', severity: 'warn', subject: 'gateway.auth.rateLimit',
      evidence: `About ${perHour} guesses an hour are let through from one address.`,
      remedy: 'Take the keys out, so that the defaults hold (10 wrong ones lock an address out for 5 minutes).',
    }]
  },
  fix: () => ({ kind: 'config', path: 'gateway.auth.rateLimit', value: { maxAttempts: 10, windowMs: 60_000, lockoutMs: 300_000 } }),
})

import { defineCheck } from '@moltbot/contract'
import { valueAt, wordsOf } from './config-value.ts'

export const gatewayTrustedProxiesBroad = defineCheck({
  id: 'gateway.trusted_proxies_broad',
  severity: 'critical',
  title: 'Only single machines are trusted as reverse proxies',
  find: (facts) => wordsOf(valueAt(facts, 'gateway.trustedProxies')).flatMap((entry) => {
    const [address = '', prefix] = entry.trim().split('/')
    const whole = address.includes(':') ? 128 : 32
    const bits = prefix === undefined ? (address === '*' || address === '0.0.0.0' || address === '::' ? 0 : whole) : Number(prefix)
    // A container network is a /24 at most; up to 256 machines.
    if (bits >= whole - 8) return []
    return [{
      check: 'gateway.trusted_proxies_broad', severity: bits <= whole / 4 ? 'critical' as const : 'warn' as const, subject: 'gateway.trustedProxies',
      evidence: `"${entry}" covers a whole network: every machine of it can say where a request came from.`,
      remedy: 'Name the proxy’s own address.',
    }]
  }),
})

import { defineCheck } from '@moltbot/contract'
import { doorExposure, hasProxy, hasTls } from './door-exposure.ts'

export const gatewayBindNoTls = defineCheck({
  id: 'gateway.bind_no_tls',
  severity: 'critical',
  title: 'What other machines can reach is encrypted',
  quick: true,
  find(facts) {
    const { reach, because } = doorExposure(facts)
    // A tailnet encrypts by itself.
    if (reach !== 'network' || hasTls(facts)) return []
    return [{
      check: 'gateway.bind_no_tls', severity: hasProxy(facts) ? 'warn' : 'critical', subject: 'gateway.tls',
      evidence: `Other machines reach the gateway (${because}) without encryption: token and messages can be read on the way.`,
      remedy: hasProxy(facts) ? 'Bind it to the proxy’s side only (gateway.bind loopback or custom).' : 'Set gateway.tls with a certificate, use a tailnet, or put a TLS proxy in front and bind to loopback.',
    }]
  },
})

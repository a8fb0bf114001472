import { defineCheck } from '@moltbot/contract'
import { hasProxy } from './door-exposure.ts'
import { textAt } from './config-value.ts'

export const gatewayTailscaleServe = defineCheck({
  id: 'gateway.tailscale_serve',
  severity: 'info',
  title: 'The gateway is not offered to the tailnet by Tailscale Serve',
  find: (facts) => (textAt(facts, 'gateway.tailscale.mode') !== 'serve' ? [] : [{
    check: 'gateway.tailscale_serve', severity: 'info', subject: 'gateway.tailscale.mode',
    evidence: hasProxy(facts) ? 'Every machine of the tailnet reaches the login.' : 'Every machine of the tailnet reaches the login, but its proxy is not in gateway.trustedProxies, so its requests are refused.',
    remedy: hasProxy(facts) ? 'Nothing, if that is what you want.' : 'Add 127.0.0.1 to gateway.trustedProxies.',
  }]),
})

import { defineCheck } from '@moltbot/contract'
import { textAt } from './config-value.ts'

export const gatewayTailscaleFunnel = defineCheck({
  id: 'gateway.tailscale_funnel',
  severity: 'critical',
  title: 'The gateway is not published on the internet by Tailscale Funnel',
  find: (facts) => (textAt(facts, 'gateway.tailscale.mode') !== 'funnel' ? [] : [{
    check: 'gateway.tailscale_funnel', severity: 'critical', subject: 'gateway.tailscale.mode',
    evidence: 'The configuration asks for a public funnel: anybody on the internet reaches the login.',
    remedy: 'Set gateway.tailscale.mode to "off" or "serve", and run: tailscale funnel reset',
  }]),
  fix: () => ({ kind: 'config', path: 'gateway.tailscale.mode', value: 'off' }),
})

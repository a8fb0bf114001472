import { defineCheck } from '@moltbot/contract'
import { doorExposure } from './door-exposure.ts'

export const gatewayPortsLocalhost = defineCheck({
  id: 'gateway.ports_localhost',
  severity: 'warn',
  title: 'Ports are bound to localhost',
  quick: true,
  find(facts) {
    const { reach, because } = doorExposure(facts)
    if (reach === 'here') return []
    return [{
      check: 'gateway.ports_localhost', severity: reach === 'network' ? 'warn' : 'info', subject: 'gateway.bind',
      evidence: reach === 'network' ? `Other machines reach the gateway: ${because}.` : `Machines of the tailnet reach the gateway: ${because}.`,
      remedy: 'Unless you want that, set gateway.bind to "loopback" and restart: moltbot config set gateway.bind loopback',
    }]
  },
})

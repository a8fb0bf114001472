import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayTailscaleFunnel } from './gateway-tailscale-funnel.ts'

testCheck(gatewayTailscaleFunnel, {
  faults: { 'funnel': { change: (facts) => setConfig(facts, 'gateway.tailscale.mode', 'funnel'), finds: [{ subject: 'gateway.tailscale.mode' }], mended: true } },
  harmless: { 'serve': (facts) => setConfig(facts, 'gateway.tailscale.mode', 'serve') },
})

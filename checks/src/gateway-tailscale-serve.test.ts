import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayTailscaleServe } from './gateway-tailscale-serve.ts'

const subject = 'gateway.tailscale.mode'
testCheck(gatewayTailscaleServe, {
  faults: {
    'serve without its proxy': { change: (facts) => setConfig(facts, subject, 'serve'), finds: [{ subject, evidence: /refused/ }] },
    'serve': {
      change(facts) {
        setConfig(facts, subject, 'serve')
        setConfig(facts, 'gateway.trustedProxies', ['127.0.0.1'])
      },
      finds: [{ subject, evidence: /login\.$/ }],
    },
  },
})

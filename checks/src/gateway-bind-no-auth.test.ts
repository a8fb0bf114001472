import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayBindNoAuth } from './gateway-bind-no-auth.ts'

testCheck(gatewayBindNoAuth, {
  faults: {
    'the network, no secret': {
      change(facts) {
        setConfig(facts, 'gateway.bind', 'lan')
        facts.credentials = []
      },
      finds: [{ subject: 'gateway.auth', evidence: /"lan"/ }],
    },
    'password mode with a token only': {
      change(facts) {
        setConfig(facts, 'gateway.bind', 'tailnet')
        setConfig(facts, 'gateway.auth.mode', 'password')
      },
      finds: [{ subject: 'gateway.auth' }],
    },
  },
  harmless: { 'the network, with a token': (facts) => setConfig(facts, 'gateway.bind', 'lan'), 'no secret, this machine only': (facts) => void (facts.credentials = []) },
})

import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayLoopbackNoAuth } from './gateway-loopback-no-auth.ts'

testCheck(gatewayLoopbackNoAuth, {
  faults: {
    'no secret at all': { change: (facts) => void (facts.credentials = []), finds: [{ subject: 'gateway.auth' }] },
    'an empty token': { change: (facts) => facts.credentials.forEach((credential) => void (credential.length = 0)), finds: [{ subject: 'gateway.auth' }] },
    'password mode without password': { change: (facts) => setConfig(facts, 'gateway.auth.mode', 'password'), finds: [{ subject: 'gateway.auth' }] },
  },
  harmless: {
    'before the first start': (facts) => {
      facts.config.exists = false
      facts.credentials = []
    },
    'only a password, in token mode': (facts) => facts.credentials.forEach((credential) => void (credential.path = 'gateway.auth.password')),
  },
})

import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayBindNoTls } from './gateway-bind-no-tls.ts'

testCheck(gatewayBindNoTls, {
  faults: {
    'the network in the clear': { change: (facts) => setConfig(facts, 'gateway.bind', 'lan'), finds: [{ subject: 'gateway.tls' }] },
    'TLS on, but without a key': {
      change(facts) {
        setConfig(facts, 'gateway.bind', 'lan')
        setConfig(facts, 'gateway.tls', { enabled: true, certPath: '/c.pem', keyPath: '' })
      },
      finds: [{ subject: 'gateway.tls' }],
    },
    'a proxy in front, but reachable past it': {
      change(facts) {
        setConfig(facts, 'gateway.bind', 'lan')
        setConfig(facts, 'gateway.trustedProxies', ['10.0.0.2'])
      },
      finds: [{ subject: 'gateway.tls', severity: 'warn' }],
    },
  },
  harmless: {
    'with a certificate': (facts) => {
      setConfig(facts, 'gateway.bind', 'lan')
      setConfig(facts, 'gateway.tls', { enabled: true, certPath: '/c.pem', keyPath: '/k.pem' })
    },
    'with one of the gateway’s own making': (facts) => {
      setConfig(facts, 'gateway.bind', 'lan')
      setConfig(facts, 'gateway.tls', { enabled: true, autoGenerate: true, certPath: '', keyPath: '' })
    },
    'the tailnet': (facts) => setConfig(facts, 'gateway.bind', 'tailnet'),
  },
})

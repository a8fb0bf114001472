import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayTlsIncomplete } from './gateway-tls-incomplete.ts'

testCheck(gatewayTlsIncomplete, {
  faults: {
    'a certificate without its key': { change: (facts) => setConfig(facts, 'gateway.tls', { enabled: true, certPath: '/c.pem' }), finds: [{ subject: 'gateway.tls' }] },
    'a key without its certificate': { change: (facts) => setConfig(facts, 'gateway.tls', { enabled: true, keyPath: '/k.pem' }), finds: [{ subject: 'gateway.tls' }] },
    'none, and none is to be made': { change: (facts) => setConfig(facts, 'gateway.tls', { enabled: true, autoGenerate: false }), finds: [{ subject: 'gateway.tls' }] },
  },
  harmless: {
    'complete': (facts) => setConfig(facts, 'gateway.tls', { enabled: true, certPath: '/c.pem', keyPath: '/k.pem' }),
    'switched on alone: the gateway makes one': (facts) => setConfig(facts, 'gateway.tls', { enabled: true, autoGenerate: true, certPath: '', keyPath: '' }),
  },
})

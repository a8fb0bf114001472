import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayPortsLocalhost } from './gateway-ports-localhost.ts'

const subject = 'gateway.bind'
testCheck(gatewayPortsLocalhost, {
  faults: {
    'configured for the network': { change: (facts) => setConfig(facts, 'gateway.bind', 'lan'), finds: [{ subject, evidence: /"lan"/ }] },
    'listening wider than configured': { change: (facts) => void (facts.listening = { port: 18_789, addresses: ['0.0.0.0'] }), finds: [{ subject, evidence: /18789 listens on 0\.0\.0\.0/ }] },
    'listening on every IPv6 address': { change: (facts) => void (facts.listening = { port: 18_789, addresses: ['::1', '::'] }), finds: [{ subject }] },
    'an address of the network': {
      change(facts) {
        setConfig(facts, 'gateway.bind', 'custom')
        setConfig(facts, 'gateway.customBindHost', '192.168.1.20')
      },
      finds: [{ subject, evidence: /192\.168/ }],
    },
    'the tailnet': { change: (facts) => void (facts.listening = { port: 18_789, addresses: ['127.0.0.1', '100.101.2.3'] }), finds: [{ subject, severity: 'info' }] },
  },
  harmless: {
    'nobody listens': (facts) => void (facts.listening = { port: 18_789, addresses: [] }),
    'it could not be seen': (facts) => void (facts.listening = null),
    'custom, but here': (facts) => {
      setConfig(facts, 'gateway.bind', 'custom')
      setConfig(facts, 'gateway.customBindHost', '[::1]')
    },
  },
})

import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayTlsIncomplete } from './gateway-tls-incomplete.ts'

testCheck(gatewayTlsIncomplete, {
  faults: { 'switched on alone': { change: (facts) => setConfig(facts, 'gateway.tls.enabled', true), finds: [{ subject: 'gateway.tls' }] } },
  harmless: { 'complete': (facts) => setConfig(facts, 'gateway.tls', { enabled: true, certPath: '/c.pem', keyPath: '/k.pem' }) },
})

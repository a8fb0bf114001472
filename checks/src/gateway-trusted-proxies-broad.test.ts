import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayTrustedProxiesBroad } from './gateway-trusted-proxies-broad.ts'

const subject = 'gateway.trustedProxies'
testCheck(gatewayTrustedProxiesBroad, {
  faults: {
    'everybody': { change: (facts) => setConfig(facts, subject, ['0.0.0.0/0', '::/0']), finds: [{ subject }, { subject }] },
    'a star': { change: (facts) => setConfig(facts, subject, ['*']), finds: [{ subject }] },
    'a home network': { change: (facts) => setConfig(facts, subject, ['192.168.0.0/16']), finds: [{ subject, severity: 'warn', evidence: /192\.168\.0\.0\/16/ }] },
    'all private addresses': { change: (facts) => setConfig(facts, subject, ['10.0.0.0/8']), finds: [{ subject }] },
  },
  harmless: { 'one proxy, and a container network': (facts) => setConfig(facts, subject, ['10.0.0.2', '172.18.0.0/24', 'fd00::2']) },
})

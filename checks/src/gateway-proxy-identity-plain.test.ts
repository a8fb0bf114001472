import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayProxyIdentityPlain } from './gateway-proxy-identity-plain.ts'

const subject = 'gateway.auth.trustedProxy.assertion'
const port = 'gateway.auth.trustedProxy.port'
testCheck(gatewayProxyIdentityPlain, {
  faults: {
    'a plain header of a proxy elsewhere': { change: (facts) => setConfig(facts, port, 18790), finds: [{ subject, severity: 'info' }] },
    'a plain header that any program here can write': {
      change: (facts) => { setConfig(facts, port, 18790); setConfig(facts, 'gateway.auth.trustedProxy.allowLoopback', true) }, finds: [{ subject, severity: 'warn', evidence: /Every program/ }],
    },
  },
  harmless: { 'a signed word': (facts) => { setConfig(facts, port, 18790); setConfig(facts, `${subject}.header`, 'cf-access-jwt-assertion') } },
})

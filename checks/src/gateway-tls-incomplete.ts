import { defineCheck } from '@moltbot/contract'
import { hasTls } from './door-exposure.ts'
import { valueAt } from './config-value.ts'

export const gatewayTlsIncomplete = defineCheck({
  id: 'gateway.tls_incomplete',
  severity: 'critical',
  title: 'TLS, where it is on, has its certificate and key',
  find: (facts) => (valueAt(facts, 'gateway.tls.enabled') !== true || hasTls(facts) ? [] : [{
    check: 'gateway.tls_incomplete', severity: 'critical', subject: 'gateway.tls',
    evidence: 'gateway.tls is on without certificate or key: the gateway does not start.',
    remedy: 'Set gateway.tls.certPath and gateway.tls.keyPath, or switch it off.',
  }]),
})

import { defineCheck } from '@moltbot/contract'
import { hasTls } from './door-exposure.ts'
import { valueAt } from './config-value.ts'

export const gatewayTlsIncomplete = defineCheck({
  id: 'gateway.tls_incomplete',
  severity: 'critical',
  title: 'TLS, where it is on, has its certificate and key',
  find: (facts) => (valueAt(facts, 'gateway.tls.enabled') !== true || hasTls(facts) ? [] : [{
    check: 'gateway.tls_incomplete', severity: 'critical', subject: 'gateway.tls',
    evidence: 'gateway.tls is on, and certificate or key is missing: the gateway does not start.',
    remedy: 'Set both gateway.tls.certPath and gateway.tls.keyPath, or neither, with gateway.tls.autoGenerate.',
  }]),
})

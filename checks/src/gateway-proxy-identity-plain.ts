import { defineCheck } from '@moltbot/contract'
import { textAt, valueAt } from './config-value.ts'

export const gatewayProxyIdentityPlain = defineCheck({
  id: 'gateway.proxy_identity_plain',
  severity: 'warn',
  title: 'A proxy that names people signs what it says',
  find: (facts) => {
    const port = valueAt(facts, 'gateway.auth.trustedProxy.port')
    if (typeof port !== 'number' || port === 0 || textAt(facts, 'gateway.auth.trustedProxy.assertion.header') !== '') return []
    const here = valueAt(facts, 'gateway.auth.trustedProxy.allowLoopback') === true
    return [{
      check: 'gateway.proxy_identity_plain', severity: here ? 'warn' as const : 'info' as const, subject: 'gateway.auth.trustedProxy.assertion',
      evidence: here ? 'Every program of this machine can write the header that says who somebody is.' : 'Whoever can send from a trusted address can write the header that says who somebody is.',
      remedy: 'Where your proxy can sign it (Cloudflare Access, Google IAP, oauth2-proxy with an ID token): set header, issuer, audience and the keys.',
    }]
  },
})

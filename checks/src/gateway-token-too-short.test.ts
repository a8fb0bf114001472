import { testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { gatewayTokenTooShort } from './gateway-token-too-short.ts'

const token = (changes: Partial<ChangeableFacts['credentials'][number]>) => (facts: ChangeableFacts) => void Object.assign(facts.credentials[0] ?? {}, changes)
testCheck(gatewayTokenTooShort, {
  faults: {
    'short': { change: token({ length: 12, bits: 60 }), finds: [{ subject: 'gateway.auth.token', evidence: /12 characters/ }] },
    'long, but monotonous': { change: token({ length: 40, bits: 20 }), finds: [{ subject: 'gateway.auth.token', evidence: /20 bits/ }] },
  },
  harmless: { 'just long enough': token({ length: 24, bits: 96 }), 'a placeholder has its own check': token({ length: 8, placeholder: true }) },
})

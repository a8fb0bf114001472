import { setConfig, testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { gatewayPasswordTooShort } from './gateway-password-too-short.ts'

const password = (length: number, bits: number, bind = 'loopback') => (facts: ChangeableFacts): void => {
  facts.credentials = [{ path: 'gateway.auth.password', from: 'elsewhere', length, bits, placeholder: false, sameAs: [], knownSince: null }]
  setConfig(facts, 'gateway.auth.mode', 'password')
  setConfig(facts, 'gateway.bind', bind)
}
const subject = 'gateway.auth.password'
testCheck(gatewayPasswordTooShort, {
  faults: {
    'short': { change: password(8, 40), finds: [{ subject, severity: 'warn', evidence: /8 characters/ }] },
    'short, on the network': { change: password(8, 40, 'lan'), finds: [{ subject }] },
    'one letter again and again': { change: password(20, 9), finds: [{ subject, severity: 'warn' }] },
  },
  harmless: { 'four words': password(26, 90) },
})

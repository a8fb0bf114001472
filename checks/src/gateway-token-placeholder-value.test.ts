import { testCheck } from '@moltbot/contract/testing'
import { gatewayTokenPlaceholderValue } from './gateway-token-placeholder-value.ts'

testCheck(gatewayTokenPlaceholderValue, {
  faults: {
    'the token': { change: (facts) => facts.credentials.forEach((credential) => void (credential.placeholder = true)), finds: [{ subject: 'gateway.auth.token' }] },
    'the password': { change: (facts) => void facts.credentials.push({ path: 'gateway.auth.password', from: 'elsewhere', length: 8, bits: 10, placeholder: true, sameAs: [], knownSince: null }), finds: [{ subject: 'gateway.auth.password' }] },
    'a model key': { change: (facts) => void facts.credentials.push({ path: 'models.providers.x.apiKey', from: 'plain', length: 8, bits: 10, placeholder: true, sameAs: [], knownSince: null }), finds: [{ subject: 'models.providers.x.apiKey', severity: 'warn' }] },
  },
})

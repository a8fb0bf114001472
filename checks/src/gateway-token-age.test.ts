import { testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { gatewayTokenAge } from './gateway-token-age.ts'

const aged = (days: number | null) => (facts: ChangeableFacts) => facts.credentials.forEach((credential) => void (credential.knownSince = days === null ? null : facts.takenAt - days * 86_400_000))
const subject = 'gateway.auth.token'
testCheck(gatewayTokenAge, {
  faults: { 'a hundred days': { change: aged(100), finds: [{ subject, severity: 'info', evidence: /100 days/ }] }, 'half a year and more': { change: aged(200), finds: [{ subject }] } },
  harmless: { 'exactly ninety': aged(90), 'age unknown': aged(null) },
})

import { testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { gatewayTlsEnding } from './gateway-tls-ending.ts'

const ends = (role: 'own' | 'server' | 'authority', days: number) => (facts: ChangeableFacts): void => {
  facts.certificates = [{ role, path: '/tls/cert.pem', endsAt: facts.takenAt + days * 86_400_000, renews: role !== 'own' }]
}
const subject = '/tls/cert.pem'
testCheck(gatewayTlsEnding, {
  faults: {
    'an own one with twenty days left': { change: ends('own', 20), finds: [{ subject, severity: 'warn', evidence: /20 days\.$/ }] },
    'an own one that ended': { change: ends('own', -1), finds: [{ subject, severity: 'critical' }] },
    'a generated one that nobody renewed': { change: ends('server', 2), finds: [{ subject, severity: 'warn', evidence: /not renewed/ }] },
    'a generated one that ended': { change: ends('server', -3), finds: [{ subject, severity: 'critical' }] },
    'an authority without a successor': { change: ends('authority', 6), finds: [{ subject, severity: 'warn' }] },
  },
  harmless: { 'an own one with three weeks left': ends('own', 21), 'a generated one before its renewal': ends('server', 7), 'nobody looked': (facts) => void delete facts.certificates, 'no TLS': (facts) => void (facts.certificates = []) },
})

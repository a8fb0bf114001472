import { testCheck } from '@moltbot/contract/testing'
import { gatewayProbeFailed } from './gateway-probe-failed.ts'

testCheck(gatewayProbeFailed, { faults: { 'no answer': { change: (facts) => void (facts.deep = { reached: false, reason: 'connection refused', refusals: [] }), finds: [{ subject: 'gateway.port', evidence: /connection refused\.$/ }] } } })

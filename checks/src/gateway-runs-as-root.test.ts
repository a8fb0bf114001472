import { testCheck } from '@moltbot/contract/testing'
import { gatewayRunsAsRoot } from './gateway-runs-as-root.ts'

testCheck(gatewayRunsAsRoot, { faults: { 'user 0': { change: (facts) => void (facts.user = 0), finds: [{ subject: 'root' }] } }, harmless: { 'a system without numeric users': (facts) => void (facts.user = null) } })

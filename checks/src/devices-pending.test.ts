import { testCheck } from '@moltbot/contract/testing'
import { devicesPending } from './devices-pending.ts'

testCheck(devicesPending, { faults: { 'two': { change: (facts) => void Object.assign(facts.live ?? {}, { devicesPending: 2 }), finds: [{ subject: 'devices', evidence: /^2 waiting/ }] } } })

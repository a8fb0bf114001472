import { testCheck } from '@moltbot/contract/testing'
import { peoplePending } from './people-pending.ts'

testCheck(peoplePending, { faults: { 'one': { change: (facts) => void Object.assign(facts.live ?? {}, { pairingPending: 1 }), finds: [{ subject: 'pairing' }] } } })

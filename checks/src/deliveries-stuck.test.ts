import { testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { deliveriesStuck } from './deliveries-stuck.ts'

const counts = (waiting: number, ambiguous: number, failed: number) => (facts: ChangeableFacts) => void Object.assign(facts.live ?? {}, { deliveries: { waiting, ambiguous, failed } })
testCheck(deliveriesStuck, {
  faults: {
    'given up': { change: counts(0, 0, 2), finds: [{ subject: 'deliveries', evidence: /2 given up\.$/ }] },
    'uncertain': { change: counts(0, 1, 0), finds: [{ subject: 'deliveries', severity: 'info' }] },
    'a long queue': { change: counts(101, 0, 0), finds: [{ subject: 'deliveries', evidence: /101 waiting/ }] },
  },
  harmless: { 'a few on their way': counts(5, 0, 0) },
})

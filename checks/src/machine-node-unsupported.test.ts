import { testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { machineNodeUnsupported } from './machine-node-unsupported.ts'

const node = (version: string) => (facts: ChangeableFacts) => void (facts.node = version)
testCheck(machineNodeUnsupported, {
  faults: {
    'too old to run': { change: node('18.20.4'), finds: [{ subject: 'node 18.20.4' }] },
    'a line without fixes': { change: node('20.20.2'), finds: [{ subject: 'node 20.20.2', severity: 'info', evidence: /2026-04/ }] },
    'an odd one': { change: node('25.1.0'), finds: [{ subject: 'node 25.1.0', severity: 'info' }] },
  },
  harmless: {
    'the one before': node('22.20.0'),
    'one that is newer than this check': node('28.0.0'),
    'while it was still supported': (facts) => {
      facts.node = '20.19.0'
      facts.takenAt = Date.UTC(2026, 2, 1)
    },
  },
})

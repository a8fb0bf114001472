import { sampleStateDir, testCheck } from '@moltbot/contract/testing'
import { machineDiskLow } from './machine-disk-low.ts'

testCheck(machineDiskLow, {
  faults: {
    'less than a gigabyte': { change: (facts) => void (facts.disk = { freeBytes: 900_000_000, totalBytes: 1e11 }), finds: [{ subject: sampleStateDir, severity: 'warn', evidence: /900 MB/ }] },
    'nearly none': { change: (facts) => void (facts.disk = { freeBytes: 1_000, totalBytes: 1e11 }), finds: [{ subject: sampleStateDir }] },
  },
  harmless: { 'it could not be seen': (facts) => void (facts.disk = null) },
})

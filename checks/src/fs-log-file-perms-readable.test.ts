import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsLogFilePermsReadable } from './fs-log-file-perms-readable.ts'

testCheck(fsLogFilePermsReadable, {
  faults: {
    'everyone may read': { change: (facts) => setFile(facts, 'log', { mode: 0o644 }), finds: [{ subject: `${sampleStateDir}/logs/gateway.log` }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'log', { mode: 0o644 })
    },
  },
})

import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsStateFilesPerms } from './fs-state-files-perms.ts'

testCheck(fsStateFilesPerms, {
  faults: {
    'everyone may read': { change: (facts) => setFile(facts, 'state', { mode: 0o644 }), finds: [{ subject: `${sampleStateDir}/running.json` }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'state', { mode: 0o644 })
    },
  },
})

import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsStateDirPermsReadable } from './fs-state-dir-perms-readable.ts'

testCheck(fsStateDirPermsReadable, {
  faults: {
    'everyone may look': { change: (facts) => setFile(facts, 'state-dir', { mode: 0o755 }, 'folder'), finds: [{ subject: sampleStateDir }], mended: true },
    'the group may look': { change: (facts) => setFile(facts, 'state-dir', { mode: 0o750 }, 'folder'), finds: [{ subject: sampleStateDir }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'state-dir', { mode: 0o755 }, 'folder')
    },
  },
})

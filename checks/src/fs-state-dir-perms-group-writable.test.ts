import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsStateDirPermsGroupWritable } from './fs-state-dir-perms-group-writable.ts'

testCheck(fsStateDirPermsGroupWritable, {
  faults: {
    'the group may write': { change: (facts) => setFile(facts, 'state-dir', { mode: 0o770 }, 'folder'), finds: [{ subject: sampleStateDir }], mended: true },
  },
  harmless: {
    'everyone may write': (facts) => setFile(facts, 'state-dir', { mode: 0o702 }, 'folder'),
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'state-dir', { mode: 0o770 }, 'folder')
    },
  },
})

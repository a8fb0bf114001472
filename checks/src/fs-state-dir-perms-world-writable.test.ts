import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsStateDirPermsWorldWritable } from './fs-state-dir-perms-world-writable.ts'

testCheck(fsStateDirPermsWorldWritable, {
  faults: {
    'everyone may write': { change: (facts) => setFile(facts, 'state-dir', { mode: 0o777 }, 'folder'), finds: [{ subject: sampleStateDir }], mended: true },
  },
  harmless: {
    'the group may write': (facts) => setFile(facts, 'state-dir', { mode: 0o770 }, 'folder'),
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'state-dir', { mode: 0o777 }, 'folder')
    },
  },
})

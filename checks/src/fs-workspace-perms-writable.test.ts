import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsWorkspacePermsWritable } from './fs-workspace-perms-writable.ts'

testCheck(fsWorkspacePermsWritable, {
  faults: {
    'everyone may write': { change: (facts) => setFile(facts, 'workspace', { mode: 0o777 }), finds: [{ subject: `${sampleStateDir}/workspace` }], mended: true },
    'the group may write': { change: (facts) => setFile(facts, 'workspace', { mode: 0o770 }), finds: [{ subject: `${sampleStateDir}/workspace` }], mended: true },
  },
  harmless: {
    'others may look': (facts) => setFile(facts, 'workspace', { mode: 0o755 }),
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'workspace', { mode: 0o777 })
    },
  },
})

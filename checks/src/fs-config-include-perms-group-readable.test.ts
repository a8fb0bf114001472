import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsConfigIncludePermsGroupReadable } from './fs-config-include-perms-group-readable.ts'

testCheck(fsConfigIncludePermsGroupReadable, {
  faults: {
    'the group may read': { change: (facts) => setFile(facts, 'config-include', { mode: 0o640 }), finds: [{ subject: `${sampleStateDir}/family.json5` }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'config-include', { mode: 0o640 })
    },
  },
})

import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsConfigIncludePermsWritable } from './fs-config-include-perms-writable.ts'

testCheck(fsConfigIncludePermsWritable, {
  faults: {
    'everyone may write': { change: (facts) => setFile(facts, 'config-include', { mode: 0o602 }), finds: [{ subject: `${sampleStateDir}/family.json5` }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'config-include', { mode: 0o602 })
    },
  },
})

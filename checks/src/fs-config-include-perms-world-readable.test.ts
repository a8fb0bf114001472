import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsConfigIncludePermsWorldReadable } from './fs-config-include-perms-world-readable.ts'

testCheck(fsConfigIncludePermsWorldReadable, {
  faults: {
    'everyone may read': { change: (facts) => setFile(facts, 'config-include', { mode: 0o604 }), finds: [{ subject: `${sampleStateDir}/family.json5` }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'config-include', { mode: 0o604 })
    },
  },
})

import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsConfigPermsWorldReadable } from './fs-config-perms-world-readable.ts'

testCheck(fsConfigPermsWorldReadable, {
  faults: {
    'everyone may read': { change: (facts) => setFile(facts, 'config', { mode: 0o644 }), finds: [{ subject: `${sampleStateDir}/moltbot.json` }], mended: true },
  },
  harmless: {
    'the group may read': (facts) => setFile(facts, 'config', { mode: 0o640 }),
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'config', { mode: 0o644 })
    },
  },
})

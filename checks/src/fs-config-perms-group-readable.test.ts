import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsConfigPermsGroupReadable } from './fs-config-perms-group-readable.ts'

testCheck(fsConfigPermsGroupReadable, {
  faults: {
    'the group may read': { change: (facts) => setFile(facts, 'config', { mode: 0o640 }), finds: [{ subject: `${sampleStateDir}/moltbot.json` }], mended: true },
  },
  harmless: {
    'executing is not reading': (facts) => setFile(facts, 'config', { mode: 0o710 }),
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'config', { mode: 0o640 })
    },
  },
})

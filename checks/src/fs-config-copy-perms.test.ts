import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsConfigCopyPerms } from './fs-config-copy-perms.ts'

testCheck(fsConfigCopyPerms, {
  faults: {
    'everyone may read': { change: (facts) => setFile(facts, 'config-copy', { mode: 0o644 }), finds: [{ subject: `${sampleStateDir}/moltbot.json.last-good` }], mended: true },
    'the group may write': { change: (facts) => setFile(facts, 'config-copy', { mode: 0o620 }), finds: [{ subject: `${sampleStateDir}/moltbot.json.last-good` }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'config-copy', { mode: 0o644 })
    },
  },
})

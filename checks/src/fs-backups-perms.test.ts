import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsBackupsPerms } from './fs-backups-perms.ts'

testCheck(fsBackupsPerms, {
  faults: {
    'everyone may read': { change: (facts) => setFile(facts, 'backup', { mode: 0o644 }), finds: [{ subject: `${sampleStateDir}/backups/moltbot.json.1` }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'backup', { mode: 0o644 })
    },
  },
})

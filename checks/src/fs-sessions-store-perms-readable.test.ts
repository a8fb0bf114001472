import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsSessionsStorePermsReadable } from './fs-sessions-store-perms-readable.ts'

testCheck(fsSessionsStorePermsReadable, {
  faults: {
    'the folder': { change: (facts) => setFile(facts, 'sessions', { mode: 0o755 }, 'folder'), finds: [{ subject: `${sampleStateDir}/sessions` }], mended: true },
    'the database': { change: (facts) => setFile(facts, 'sessions', { mode: 0o644 }, 'file'), finds: [{ subject: `${sampleStateDir}/sessions/moltbot.db` }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'sessions', { mode: 0o755 }, 'folder')
    },
  },
})

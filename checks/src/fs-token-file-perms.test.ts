import { sampleHome, setFile, testCheck } from '@moltbot/contract/testing'
import { fsTokenFilePerms } from './fs-token-file-perms.ts'

testCheck(fsTokenFilePerms, {
  faults: {
    'everyone may read': { change: (facts) => setFile(facts, 'token-file', { mode: 0o644 }), finds: [{ subject: `${sampleHome}/tokens/network` }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'token-file', { mode: 0o644 })
    },
  },
})

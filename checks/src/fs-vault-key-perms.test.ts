import { sampleHome, setFile, testCheck } from '@moltbot/contract/testing'
import { fsVaultKeyPerms } from './fs-vault-key-perms.ts'

testCheck(fsVaultKeyPerms, {
  faults: {
    'everyone may read': { change: (facts) => setFile(facts, 'vault-key', { mode: 0o644 }), finds: [{ subject: `${sampleHome}/.config/moltbot/vault.key` }], mended: true },
    'the group may read': { change: (facts) => setFile(facts, 'vault-key', { mode: 0o640 }), finds: [{ subject: `${sampleHome}/.config/moltbot/vault.key` }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'vault-key', { mode: 0o644 })
    },
  },
})

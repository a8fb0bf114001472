import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsSecretsEnvPerms } from './fs-secrets-env-perms.ts'

testCheck(fsSecretsEnvPerms, {
  faults: {
    'everyone may read': { change: (facts) => setFile(facts, 'secrets-env', { mode: 0o644 }), finds: [{ subject: `${sampleStateDir}/secrets.env` }], mended: true },
    'the group may read': { change: (facts) => setFile(facts, 'secrets-env', { mode: 0o640 }), finds: [{ subject: `${sampleStateDir}/secrets.env` }], mended: true },
    'the group may write': { change: (facts) => setFile(facts, 'secrets-env', { mode: 0o620 }), finds: [{ subject: `${sampleStateDir}/secrets.env` }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'secrets-env', { mode: 0o644 })
    },
  },
})

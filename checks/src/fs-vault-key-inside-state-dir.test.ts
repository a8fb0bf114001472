import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsVaultKeyInsideStateDir } from './fs-vault-key-inside-state-dir.ts'

testCheck(fsVaultKeyInsideStateDir, {
  faults: {
    'beside the secrets': { change: (facts) => setFile(facts, 'vault-key', { path: `${sampleStateDir}/vault.key` }), finds: [{ subject: `${sampleStateDir}/vault.key` }] },
    'a link into the state directory': { change: (facts) => setFile(facts, 'vault-key', { kind: 'link', target: `${sampleStateDir}/k` }), finds: [{ subject: '/home/ana/.config/moltbot/vault.key' }] },
  },
  harmless: { 'a folder whose name begins the same': (facts) => setFile(facts, 'vault-key', { path: `${sampleStateDir}-keys/vault.key` }) },
})

import { sampleStateDir, testCheck } from '@moltbot/contract/testing'
import { vaultUnusable } from './vault-unusable.ts'

testCheck(vaultUnusable, {
  faults: { 'changed by another hand': { change: (facts) => void (facts.vault = { state: 'unusable', reason: 'It was changed by another program.' }), finds: [{ subject: `${sampleStateDir}/credentials/vault.json`, evidence: /another program\.$/ }] } },
  harmless: { 'locked, with its key in somebody’s head': (facts) => void (facts.vault = { state: 'locked', reason: 'Its passphrase was not given.' }), 'nothing sealed yet': (facts) => void (facts.vault = { state: 'none' }) },
})

import { sampleStateDir, testCheck } from '@moltbot/contract/testing'
import { vaultLocked } from './vault-locked.ts'

const locked = { state: 'locked', reason: 'The vault is locked.' } as const
const subject = `${sampleStateDir}/credentials/vault.json`

testCheck(vaultLocked, {
  faults: {
    'a gateway that runs without the key': { change: (facts) => void (facts.vault = locked), finds: [{ subject, evidence: /The vault is locked\.$/ }] },
    'nobody runs it': { change: (facts) => void Object.assign(facts, { vault: locked, live: null }), finds: [{ subject, severity: 'info' }] },
  },
  harmless: { 'one that cannot be read is another question': (facts) => void (facts.vault = { state: 'unusable', reason: 'It was changed by another program.' }), 'nothing sealed yet': (facts) => void (facts.vault = { state: 'none' }) },
})

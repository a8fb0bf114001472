import { sampleHome, sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsForeignOwner } from './fs-foreign-owner.ts'

testCheck(fsForeignOwner, {
  faults: {
    'the whole folder': { change: (facts) => setFile(facts, 'state-dir', { owner: 1001 }), finds: [{ subject: sampleStateDir, evidence: /1001/ }] },
    'the database': { change: (facts) => setFile(facts, 'sessions', { owner: 1001 }, 'file'), finds: [{ subject: `${sampleStateDir}/sessions/moltbot.db` }] },
    'a key of a certificate': { change: (facts) => setFile(facts, 'tls-key', { owner: 1001 }), finds: [{ subject: `${sampleHome}/tls/key.pem`, severity: 'warn' }] },
  },
  harmless: { 'the administrator owns it': (facts) => setFile(facts, 'tls-key', { owner: 0 }), 'a system without numeric users': (facts) => void (facts.user = null) },
})

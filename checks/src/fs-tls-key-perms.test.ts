import { sampleHome, setFile, testCheck } from '@moltbot/contract/testing'
import { fsTlsKeyPerms } from './fs-tls-key-perms.ts'

testCheck(fsTlsKeyPerms, {
  faults: { 'everyone may read': { change: (facts) => setFile(facts, 'tls-key', { mode: 0o644 }), finds: [{ subject: `${sampleHome}/tls/key.pem` }], mended: true } },
  harmless: { 'a group of services may read': (facts) => setFile(facts, 'tls-key', { mode: 0o640 }) },
})

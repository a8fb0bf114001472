import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsCredentialsDirPermsWritable } from './fs-credentials-dir-perms-writable.ts'

testCheck(fsCredentialsDirPermsWritable, {
  faults: {
    'the folder': { change: (facts) => setFile(facts, 'credentials', { mode: 0o770 }, 'folder'), finds: [{ subject: `${sampleStateDir}/credentials` }], mended: true },
    'a file': { change: (facts) => setFile(facts, 'credentials', { mode: 0o666 }, 'file'), finds: [{ subject: `${sampleStateDir}/credentials/vault.json` }], mended: true },
    'the key pair of this computer': { change: (facts) => setFile(facts, 'identity', { mode: 0o622 }, 'file'), finds: [{ subject: `${sampleStateDir}/identity/device.json` }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'credentials', { mode: 0o770 }, 'folder')
    },
  },
})

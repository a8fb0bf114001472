import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsStateDirSymlink } from './fs-state-dir-symlink.ts'

testCheck(fsStateDirSymlink, {
  faults: {
    'a link': { change: (facts) => setFile(facts, 'state-dir', { kind: 'link', target: '/mnt/else' }), finds: [{ subject: sampleStateDir, evidence: /\/mnt\/else/ }] },
    'a link to nothing': { change: (facts) => setFile(facts, 'state-dir', { kind: 'link', target: null }), finds: [{ subject: sampleStateDir, evidence: /nothing/ }] },
  },
})

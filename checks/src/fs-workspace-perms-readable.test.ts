import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsWorkspacePermsReadable } from './fs-workspace-perms-readable.ts'

testCheck(fsWorkspacePermsReadable, {
  faults: { 'everyone may look': { change: (facts) => setFile(facts, 'workspace', { mode: 0o755 }), finds: [{ subject: `${sampleStateDir}/workspace` }] } },
})

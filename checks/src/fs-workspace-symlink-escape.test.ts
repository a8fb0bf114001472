import { sampleStateDir, testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { fsWorkspaceSymlinkEscape } from './fs-workspace-symlink-escape.ts'

const link = `${sampleStateDir}/workspace/photos`
const linkTo = (target: string | null) => (facts: ChangeableFacts) => void facts.files.push({ role: 'workspace', path: link, kind: 'link', mode: 0o777, owner: 1000, target, modifiedAt: 0 })

testCheck(fsWorkspaceSymlinkEscape, {
  faults: { 'a link to the home folder': { change: linkTo('/home/ana'), finds: [{ subject: link, evidence: /\/home\/ana,/ }] }, 'a sibling with the same beginning': { change: linkTo(`${sampleStateDir}/workspace-two`), finds: [{ subject: link }] } },
  harmless: { 'a link within': linkTo(`${sampleStateDir}/workspace/archive`), 'a link to nothing': linkTo(null) },
})

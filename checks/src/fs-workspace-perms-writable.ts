import { defineCheck } from '@moltbot/contract'
import { fileModes, othersWrite } from './file-modes.ts'

export const fsWorkspacePermsWritable = defineCheck({
  title: 'Only its owner can change the assistant’s workspace',
  ...fileModes({ id: 'fs.workspace.perms_writable', severity: 'critical', roles: ['workspace'], bits: othersWrite, harm: 'Its files are instructions to the assistant: whoever writes there gives it orders.' }),
})

import { defineCheck } from '@moltbot/contract'
import { fileModes, groupWrites } from './file-modes.ts'

export const fsStateDirPermsGroupWritable = defineCheck({
  title: 'The group cannot change the state directory',
  ...fileModes({ id: 'fs.state_dir.perms_group_writable', severity: 'warn', roles: ['state-dir'], bits: groupWrites, harm: 'They could put their own configuration and secrets in place.' }),
})

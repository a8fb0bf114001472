import { defineCheck } from '@moltbot/contract'
import { fileModes, othersRead, othersWrite } from './file-modes.ts'

export const fsConfigCopyPerms = defineCheck({
  title: 'Only its owner can use the kept copy of the last good configuration',
  ...fileModes({ id: 'fs.config_copy.perms', severity: 'critical', roles: ['config-copy'], bits: othersRead | othersWrite, harm: 'It holds the same secrets, and it is used when the configuration is broken.' }),
})

import { defineCheck } from '@moltbot/contract'
import { fileModes, othersRead, othersWrite } from './file-modes.ts'

export const fsBackupsPerms = defineCheck({
  title: 'Only their owner can read the backups',
  ...fileModes({ id: 'fs.backups.perms', severity: 'warn', roles: ['backup'], bits: othersRead | othersWrite, harm: 'A backup of the configuration holds the token it had.' }),
})

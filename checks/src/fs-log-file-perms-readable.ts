import { defineCheck } from '@moltbot/contract'
import { fileModes, othersRead, othersWrite } from './file-modes.ts'

export const fsLogFilePermsReadable = defineCheck({
  title: 'Only their owner can read the logs',
  ...fileModes({ id: 'fs.log_file.perms_readable', severity: 'warn', roles: ['log'], bits: othersRead | othersWrite, harm: 'They name people and places.' }),
})

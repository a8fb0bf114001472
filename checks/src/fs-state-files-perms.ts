import { defineCheck } from '@moltbot/contract'
import { fileModes, othersRead, othersWrite } from './file-modes.ts'

export const fsStateFilesPerms = defineCheck({
  title: 'Only their owner can read everything else in the state directory',
  ...fileModes({ id: 'fs.state_files.perms', severity: 'warn', roles: ['state'], bits: othersRead | othersWrite, harm: 'Everything in there is meant for the gateway alone.' }),
})

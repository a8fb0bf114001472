import { defineCheck } from '@moltbot/contract'
import { fileModes, othersRead } from './file-modes.ts'

export const fsStateDirPermsReadable = defineCheck({
  title: 'Nobody else can look into the state directory',
  quick: true,
  ...fileModes({ id: 'fs.state_dir.perms_readable', severity: 'warn', roles: ['state-dir'], bits: othersRead, harm: 'Names of files, and every file that is not closed itself, are open to them.' }),
})

import { defineCheck } from '@moltbot/contract'
import { fileModes, othersWrite } from './file-modes.ts'

export const fsCredentialsDirPermsWritable = defineCheck({
  title: 'Only their owner can change the stored credentials',
  ...fileModes({ id: 'fs.credentials_dir.perms_writable', severity: 'critical', roles: ['credentials', 'identity'], bits: othersWrite, harm: 'They could put their own keys in place.' }),
})

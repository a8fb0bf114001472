import { defineCheck } from '@moltbot/contract'
import { fileModes, othersRead } from './file-modes.ts'

export const fsCredentialsDirPermsReadable = defineCheck({
  title: 'Only their owner can read the stored credentials',
  quick: true,
  ...fileModes({ id: 'fs.credentials_dir.perms_readable', severity: 'warn', roles: ['credentials', 'identity'], bits: othersRead, harm: 'Sealed secrets should not be handed out either; key pairs are not sealed.' }),
})

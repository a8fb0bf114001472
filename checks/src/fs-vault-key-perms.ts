import { defineCheck } from '@moltbot/contract'
import { fileModes, othersRead, othersWrite } from './file-modes.ts'

export const fsVaultKeyPerms = defineCheck({
  title: 'Only its owner can read the key of the sealed secrets',
  ...fileModes({ id: 'fs.vault_key.perms', severity: 'critical', roles: ['vault-key'], bits: othersRead | othersWrite, harm: 'With it and a copy of the state directory every secret is open.' }),
})

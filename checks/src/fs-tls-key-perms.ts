import { defineCheck } from '@moltbot/contract'
import { fileModes, othersWrite, worldReads } from './file-modes.ts'

// A group that may read it (`ssl-cert`) is how systems hand keys to services.
export const fsTlsKeyPerms = defineCheck({
  title: 'Not everybody can read the private key of the certificate',
  ...fileModes({ id: 'fs.tls_key.perms', severity: 'critical', roles: ['tls-key'], bits: worldReads | othersWrite, harm: 'Whoever has it can pose as this gateway.' }),
})

import { defineCheck } from '@moltbot/contract'
import { fileModes, othersRead, othersWrite } from './file-modes.ts'

export const fsSecretsEnvPerms = defineCheck({
  title: 'Only its owner can read or change secrets.env',
  quick: true,
  ...fileModes({ id: 'fs.secrets_env.perms', severity: 'critical', roles: ['secrets-env'], bits: othersRead | othersWrite, harm: 'Keys stand in it as they are.' }),
})

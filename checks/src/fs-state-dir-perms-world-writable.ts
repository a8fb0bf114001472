import { defineCheck } from '@moltbot/contract'
import { fileModes, worldWrites } from './file-modes.ts'

export const fsStateDirPermsWorldWritable = defineCheck({
  title: 'Other users cannot change the state directory',
  quick: true,
  ...fileModes({ id: 'fs.state_dir.perms_world_writable', severity: 'critical', roles: ['state-dir'], bits: worldWrites, harm: 'They could put their own configuration and secrets in place.' }),
})

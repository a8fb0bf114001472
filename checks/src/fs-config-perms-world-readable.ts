import { defineCheck } from '@moltbot/contract'
import { fileModes, worldReads } from './file-modes.ts'

export const fsConfigPermsWorldReadable = defineCheck({
  title: 'Not everybody can read the configuration',
  quick: true,
  ...fileModes({ id: 'fs.config.perms_world_readable', severity: 'critical', roles: ['config'], bits: worldReads, harm: 'The gateway token stands in it.' }),
})

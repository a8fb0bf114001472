import { defineCheck } from '@moltbot/contract'
import { fileModes, worldReads } from './file-modes.ts'

export const fsConfigIncludePermsWorldReadable = defineCheck({
  title: 'Not everybody can read the files the configuration includes',
  ...fileModes({ id: 'fs.config_include.perms_world_readable', severity: 'critical', roles: ['config-include'], bits: worldReads, harm: 'They may hold secrets as the configuration does.' }),
})

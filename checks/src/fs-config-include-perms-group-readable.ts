import { defineCheck } from '@moltbot/contract'
import { fileModes, groupReads } from './file-modes.ts'

export const fsConfigIncludePermsGroupReadable = defineCheck({
  title: 'The group cannot read the files the configuration includes',
  ...fileModes({ id: 'fs.config_include.perms_group_readable', severity: 'warn', roles: ['config-include'], bits: groupReads, harm: 'They may hold secrets as the configuration does.' }),
})

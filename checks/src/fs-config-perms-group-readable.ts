import { defineCheck } from '@moltbot/contract'
import { fileModes, groupReads } from './file-modes.ts'

export const fsConfigPermsGroupReadable = defineCheck({
  title: 'The group cannot read the configuration',
  ...fileModes({ id: 'fs.config.perms_group_readable', severity: 'warn', roles: ['config'], bits: groupReads, harm: 'The gateway token stands in it.' }),
})

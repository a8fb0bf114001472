import { defineCheck } from '@moltbot/contract'
import { fileModes, othersWrite } from './file-modes.ts'

export const fsConfigIncludePermsWritable = defineCheck({
  title: 'Only their owner can change the files the configuration includes',
  ...fileModes({ id: 'fs.config_include.perms_writable', severity: 'critical', roles: ['config-include'], bits: othersWrite, harm: 'What is included counts as if it stood in the configuration.' }),
})

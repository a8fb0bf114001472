import { defineCheck } from '@moltbot/contract'
import { fileModes, othersWrite } from './file-modes.ts'

export const fsConfigPermsWritable = defineCheck({
  title: 'Only its owner can change the configuration',
  quick: true,
  ...fileModes({ id: 'fs.config.perms_writable', severity: 'critical', roles: ['config'], bits: othersWrite, harm: 'Whoever changes it decides who may speak to the assistant and where keys are sent.' }),
})

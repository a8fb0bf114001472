import { defineCheck } from '@moltbot/contract'
import { fileModes, othersRead, othersWrite } from './file-modes.ts'

export const fsSessionsStorePermsReadable = defineCheck({
  title: 'Only their owner can read the conversations',
  ...fileModes({ id: 'fs.sessions_store.perms_readable', severity: 'warn', roles: ['sessions'], bits: othersRead | othersWrite, harm: 'All messages and who wrote them are in there.' }),
})

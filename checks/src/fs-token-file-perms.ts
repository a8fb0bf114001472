import { defineCheck } from '@moltbot/contract'
import { fileModes, othersRead, othersWrite } from './file-modes.ts'

export const fsTokenFilePerms = defineCheck({
  title: 'Only their owner can read files that hold a channel’s token',
  ...fileModes({ id: 'fs.token_file.perms', severity: 'warn', roles: ['token-file'], bits: othersRead | othersWrite, harm: 'Whoever has the token can read and write as the bot.' }),
})

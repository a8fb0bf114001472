import { defineCheck } from '@moltbot/contract'
import { fileModes, othersRead } from './file-modes.ts'

const { id, severity, find } = fileModes({ id: 'fs.workspace.perms_readable', severity: 'info', roles: ['workspace'], bits: othersRead, harm: 'Memory and notes about people are kept there.' })

// No fix: a workspace may be a folder its owner shares on purpose.
export const fsWorkspacePermsReadable = defineCheck({ id, severity, title: 'Nobody else can look into the assistant’s workspace', find })

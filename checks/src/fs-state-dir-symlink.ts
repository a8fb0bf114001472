import { defineCheck } from '@moltbot/contract'

export const fsStateDirSymlink = defineCheck({
  id: 'fs.state_dir.symlink',
  severity: 'warn',
  title: 'The state directory is a folder of its own, not a link',
  find: (facts) => facts.files.filter(({ role, kind }) => role === 'state-dir' && kind === 'link').map(({ path, target }) => ({
    check: 'fs.state_dir.symlink', severity: 'warn', subject: path,
    evidence: `It is a link to ${target ?? 'nothing'}: whoever can change what it leads to changes everything.`,
    remedy: 'Move the folder here, or name the real one in MOLTBOT_STATE_DIR.',
  })),
})

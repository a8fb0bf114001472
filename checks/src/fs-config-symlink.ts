import { defineCheck } from '@moltbot/contract'

export const fsConfigSymlink = defineCheck({
  id: 'fs.config.symlink',
  severity: 'warn',
  title: 'The configuration and secrets.env are plain files, not links',
  find: (facts) => facts.files.filter(({ role, kind }) => (role === 'config' || role === 'secrets-env') && kind !== 'file').map(({ path, kind, target }) => ({
    check: 'fs.config.symlink', severity: 'warn', subject: path,
    evidence: kind === 'link' ? `It is a link to ${target ?? 'nothing'}; its mode and owner are those of another place.` : 'It is no plain file.',
    remedy: 'Put the file itself here.',
  })),
})

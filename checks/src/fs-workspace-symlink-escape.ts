import { defineCheck } from '@moltbot/contract'

export const fsWorkspaceSymlinkEscape = defineCheck({
  id: 'fs.workspace.symlink_escape',
  severity: 'warn',
  title: 'No link leads out of the assistant’s workspace',
  find(facts) {
    const roots = facts.files.filter(({ role, kind }) => role === 'workspace' && kind === 'folder').map(({ path }) => path)
    return facts.files.filter(({ role, kind }) => role === 'workspace' && kind === 'link').flatMap(({ path, target }) => {
      if (target === null || target === undefined || roots.some((root) => target === root || target.startsWith(`${root}/`))) return []
      return [{
        check: 'fs.workspace.symlink_escape', severity: 'warn' as const, subject: path,
        evidence: `It leads to ${target}, outside the workspace.`,
        remedy: 'Copy what is needed into the workspace and remove the link; the assistant’s file tools refuse to follow it.',
      }]
    })
  },
})

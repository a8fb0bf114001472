import { defineCheck } from '@moltbot/contract'

export const fsForeignOwner = defineCheck({
  id: 'fs.foreign_owner',
  severity: 'critical',
  title: 'Everything in the state directory belongs to the user of the gateway',
  quick: true,
  find(facts) {
    const { user } = facts
    if (user === null) return []
    // The administrator's files are not an attack from another user; he could do anything anyway.
    return facts.files.filter(({ role, owner }) => role !== 'log-link' && owner !== user && owner !== 0).map(({ path, owner, role }) => ({
      check: 'fs.foreign_owner', severity: role === 'tls-key' || role === 'workspace' ? 'warn' as const : 'critical' as const, subject: path,
      evidence: `It belongs to user ${owner}, not to ${user}: an owner can always change mode and content.`,
      remedy: `Run: sudo chown -R ${user} ${path}`,
    }))
  },
})

import { defineCheck } from '@moltbot/contract'

const day = 86_400_000
const daysMax = 90

export const devicesStale = defineCheck({
  id: 'devices.stale',
  severity: 'warn',
  title: 'Every paired device is still in use',
  needs: 'live',
  find: (facts) => (facts.live?.devices ?? []).flatMap(({ id, name, approvedAt, lastUsedAt, scopes }) => {
    const days = Math.floor((facts.takenAt - Math.max(approvedAt, lastUsedAt ?? 0)) / day)
    return days <= daysMax ? [] : [{
      check: 'devices.stale', severity: scopes.includes('operator.admin') ? 'warn' as const : 'info' as const, subject: id,
      evidence: `"${name}" may still come in and was not seen for ${days} days.`,
      remedy: 'If it is gone, remove it: moltbot devices list shows what is paired.',
    }]
  }),
})

import { defineCheck } from '@moltbot/contract'

export const deliveriesStuck = defineCheck({
  id: 'deliveries.stuck',
  severity: 'warn',
  title: 'Every reply has reached its network',
  needs: 'live',
  find(facts) {
    const { waiting = 0, ambiguous = 0, failed = 0 } = facts.live?.deliveries ?? {}
    if (waiting <= 100 && ambiguous === 0 && failed === 0) return []
    const words = [failed > 0 ? `${failed} given up` : '', ambiguous > 0 ? `${ambiguous} uncertain` : '', waiting > 100 ? `${waiting} waiting` : ''].filter((word) => word !== '')
    return [{
      check: 'deliveries.stuck', severity: failed > 0 || waiting > 100 ? 'warn' : 'info', subject: 'deliveries',
      evidence: `Replies: ${words.join(', ')}.`,
      remedy: 'See how the networks are: moltbot channels status',
    }]
  },
})

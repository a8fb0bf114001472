import { defineCheck } from '@moltbot/contract'

const mb = 1_000_000

export const machineDiskLow = defineCheck({
  id: 'machine.disk_low',
  severity: 'critical',
  title: 'The disk has room',
  find(facts) {
    const free = facts.disk?.freeBytes
    if (free === undefined || free >= 1_000 * mb) return []
    return [{
      check: 'machine.disk_low', severity: free < 200 * mb ? 'critical' : 'warn', subject: facts.stateDir,
      evidence: `${Math.floor(free / mb)} MB are free. Without room no message is accepted, so that none is lost.`,
      remedy: 'Make room on this disk.',
    }]
  },
})

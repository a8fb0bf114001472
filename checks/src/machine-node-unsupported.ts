import { defineCheck } from '@moltbot/contract'

/** When the Node project ends its fixes for a line (its release schedule). */
const ends: Readonly<Record<number, number>> = { 20: Date.UTC(2026, 3, 30), 22: Date.UTC(2027, 3, 30), 24: Date.UTC(2028, 3, 30) }

export const machineNodeUnsupported = defineCheck({
  id: 'machine.node_unsupported',
  severity: 'critical',
  title: 'Node still gets security fixes',
  find(facts) {
    const [major = 0, minor = 0] = facts.node.replace(/^v/, '').split('.').map(Number)
    const report = (severity: 'critical' | 'warn' | 'info', evidence: string): ReturnType<typeof this.find> => [{ check: 'machine.node_unsupported', severity, subject: `node ${facts.node}`, evidence, remedy: 'Install Node 24 (or the newest with a long life) and restart the gateway.' }]
    if (major < 20 || (major === 20 && minor < 19)) return report('critical', 'The gateway needs Node 20.19 or newer.')
    if (major % 2 === 1) return report('info', 'Odd versions of Node live half a year.')
    const end = ends[major]
    return end === undefined || facts.takenAt < end ? [] : report('info', `Node ${major} got its last security fix in ${new Date(end).toISOString().slice(0, 7)}.`)
  },
})

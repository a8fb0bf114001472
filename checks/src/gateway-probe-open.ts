import { defineCheck } from '@moltbot/contract'

export const gatewayProbeOpen = defineCheck({
  id: 'gateway.probe_open',
  severity: 'critical',
  title: 'Strangers, foreign pages and forged headers are turned away',
  needs: 'deep',
  find: (facts) => (facts.deep?.refusals ?? []).filter(({ status }) => status !== null && status < 400).map(({ what, status }) => ({
    check: 'gateway.probe_open', severity: 'critical', subject: what,
    evidence: `It was answered with ${status}.`,
    remedy: 'Stop the gateway and report this: it must be refused.',
  })),
})

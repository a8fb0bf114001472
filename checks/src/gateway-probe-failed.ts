import { defineCheck } from '@moltbot/contract'

export const gatewayProbeFailed = defineCheck({
  id: 'gateway.probe_failed',
  severity: 'warn',
  title: 'The gateway answers at its port',
  needs: 'deep',
  find: (facts) => (facts.deep === null || facts.deep.reached ? [] : [{
    check: 'gateway.probe_failed', severity: 'warn', subject: 'gateway.port',
    evidence: `It does not answer: ${(facts.deep.reason ?? 'no reason known').replace(/\.$/, '')}.`,
    remedy: 'See whether it runs: moltbot gateway status',
  }]),
})

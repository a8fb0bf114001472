import { defineCheck } from '@moltbot/contract'

export const devicesPending = defineCheck({
  id: 'devices.pending',
  severity: 'info',
  title: 'No device waits to be let in',
  needs: 'live',
  find: (facts) => ((facts.live?.devicesPending ?? 0) === 0 ? [] : [{
    check: 'devices.pending', severity: 'info', subject: 'devices',
    evidence: `${facts.live?.devicesPending ?? 0} waiting. If you did not just try to connect one, somebody else did.`,
    remedy: 'Look, then approve or reject: moltbot devices list',
  }]),
})

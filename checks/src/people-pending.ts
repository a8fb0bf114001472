import { defineCheck } from '@moltbot/contract'

export const peoplePending = defineCheck({
  id: 'people.pending',
  severity: 'info',
  title: 'Nobody waits to be allowed to talk to the assistant',
  needs: 'live',
  find: (facts) => ((facts.live?.pairingPending ?? 0) === 0 ? [] : [{
    check: 'people.pending', severity: 'info', subject: 'pairing',
    evidence: `${facts.live?.pairingPending ?? 0} waiting.`,
    remedy: 'Approve only whom you know: moltbot pairing list',
  }]),
})

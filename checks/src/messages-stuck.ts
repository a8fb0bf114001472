import { defineCheck } from '@moltbot/contract'

export const messagesStuck = defineCheck({
  id: 'messages.stuck',
  severity: 'warn',
  title: 'No accepted message waits without progress',
  needs: 'live',
  find: (facts) => ((facts.live?.messages.stuck ?? 0) === 0 ? [] : [{
    check: 'messages.stuck', severity: 'warn', subject: 'messages',
    evidence: `${facts.live?.messages.stuck ?? 0} older than a minute without an end.`,
    remedy: 'See what runs: moltbot status',
  }]),
})

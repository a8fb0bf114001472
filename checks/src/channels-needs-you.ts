import { defineCheck } from '@moltbot/contract'

export const channelsNeedsYou = defineCheck({
  id: 'channels.needs_you',
  severity: 'warn',
  title: 'No connected network waits for you',
  needs: 'live',
  find: (facts) => (facts.live?.accounts ?? []).filter(({ state, enabled, configured }) => state === 'needs-you' && enabled && configured).map(({ channel, account, reason }) => ({
    check: 'channels.needs_you', severity: 'warn', subject: account === 'default' ? `channels.${channel}` : `channels.${channel}.accounts.${account}`,
    evidence: `It is not connected: ${(reason ?? 'it needs a person').replace(/\.$/, '')}.`,
    remedy: 'See what it asks for: moltbot channels status',
  })),
})

import { defineCheck } from '@moltbot/contract'
import { isLoopback } from './addresses.ts'
import { channelAccounts } from './channel-accounts.ts'

export const channelsWebhookHostWide = defineCheck({
  id: 'channels.webhook.host_wide',
  severity: 'warn',
  title: 'Webhook listeners are reached through a proxy of this machine only',
  find: (facts) => channelAccounts(facts).flatMap(({ path, settings }) => {
    const host = settings['webhookHost']
    if (typeof settings['webhookUrl'] !== 'string' || settings['webhookUrl'] === '' || typeof host !== 'string' || host === '' || isLoopback(host)) return []
    return [{
      check: 'channels.webhook.host_wide', severity: 'warn' as const, subject: `${path}.webhookHost`,
      evidence: `The listener binds to ${host}, without encryption of its own.`,
      remedy: 'Set it to 127.0.0.1 and let the https proxy run on this machine.',
    }]
  }),
})

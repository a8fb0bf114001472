import { defineCheck } from '@moltbot/contract'
import { channelAccounts } from './channel-accounts.ts'

export const channelsWebhookNoSecret = defineCheck({
  id: 'channels.webhook.no_secret',
  severity: 'critical',
  title: 'What arrives by webhook proves where it comes from',
  find: (facts) => channelAccounts(facts).filter(({ settings }) => isText(settings['webhookUrl']) && !isText(settings['webhookSecret'])).map(({ path }) => ({
    check: 'channels.webhook.no_secret', severity: 'critical', subject: path,
    evidence: 'webhookUrl is set without webhookSecret: whoever finds the address could speak as anybody.',
    remedy: `Set ${path}.webhookSecret, best as \${NAME} with the value in secrets.env, or remove webhookUrl.`,
  })),
})

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== ''
}

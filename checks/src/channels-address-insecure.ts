import { defineCheck } from '@moltbot/contract'
import { travelsInTheClear } from './addresses.ts'
import { channelAccounts } from './channel-accounts.ts'

const addressKeys = ['apiRoot', 'baseUrl', 'serverUrl', 'httpUrl', 'homeserver', 'proxy', 'webhookUrl']

export const channelsAddressInsecure = defineCheck({
  id: 'channels.address_insecure',
  severity: 'critical',
  title: 'Tokens of networks travel encrypted',
  find: (facts) => channelAccounts(facts).flatMap(({ path, settings }) => addressKeys.filter((key) => typeof settings[key] === 'string' && travelsInTheClear(settings[key])).map((key) => ({
    check: 'channels.address_insecure', severity: 'critical' as const, subject: `${path}.${key}`,
    evidence: 'The address is plain http on another machine: token and messages can be read on the way.',
    remedy: 'Use its https address.',
  }))),
})

import { setConfig, testCheck } from '@moltbot/contract/testing'
import { channelsWebhookNoSecret } from './channels-webhook-no-secret.ts'

testCheck(channelsWebhookNoSecret, {
  faults: { 'no secret': { change: (facts) => setConfig(facts, 'channels.network.webhookUrl', 'https://me.example.org/hook'), finds: [{ subject: 'channels.network' }] } },
  harmless: {
    'a secret': (facts) => {
      setConfig(facts, 'channels.network.webhookUrl', 'https://me.example.org/hook')
      setConfig(facts, 'channels.network.webhookSecret', '__MOLTBOT_REDACTED__')
    },
  },
})

import { setConfig, testCheck } from '@moltbot/contract/testing'
import { channelsWebhookHostWide } from './channels-webhook-host-wide.ts'

testCheck(channelsWebhookHostWide, {
  faults: {
    'every address': {
      change(facts) {
        setConfig(facts, 'channels.network.webhookUrl', 'https://me.example.org/hook')
        setConfig(facts, 'channels.network.webhookHost', '0.0.0.0')
      },
      finds: [{ subject: 'channels.network.webhookHost' }],
    },
  },
  harmless: { 'no webhook at all': (facts) => setConfig(facts, 'channels.network.webhookHost', '0.0.0.0') },
})

import { setConfig, testCheck } from '@moltbot/contract/testing'
import { configInsecureOrDangerousFlags } from './config-insecure-or-dangerous-flags.ts'

testCheck(configInsecureOrDangerousFlags, {
  faults: {
    'two of them': {
      change(facts) {
        setConfig(facts, 'channels.network.dangerouslyAllowNameMatching', true)
        setConfig(facts, 'models.providers.own.insecureSkipVerify', true)
      },
      finds: [{ subject: 'channels.network.dangerouslyAllowNameMatching' }, { subject: 'models.providers.own.insecureSkipVerify' }], mended: true,
    },
  },
  harmless: { 'off': (facts) => setConfig(facts, 'channels.network.dangerouslyAllowNameMatching', false), 'its own check': (facts) => setConfig(facts, 'gateway.controlUi.allowInsecureAuth', true) },
})

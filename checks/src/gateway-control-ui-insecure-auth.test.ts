import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayControlUiInsecureAuth } from './gateway-control-ui-insecure-auth.ts'

const subject = 'gateway.controlUi.allowInsecureAuth'
testCheck(gatewayControlUiInsecureAuth, {
  faults: {
    'this machine only': { change: (facts) => setConfig(facts, subject, true), finds: [{ subject, severity: 'warn' }], mended: true },
    'on the network': {
      change(facts) {
        setConfig(facts, subject, true)
        setConfig(facts, 'gateway.bind', 'lan')
      },
      finds: [{ subject }], mended: true,
    },
  },
})

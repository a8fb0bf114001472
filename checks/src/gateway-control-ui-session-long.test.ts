import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayControlUiSessionLong } from './gateway-control-ui-session-long.ts'

testCheck(gatewayControlUiSessionLong, {
  faults: {
    'a month of both': {
      change(facts) {
        setConfig(facts, 'gateway.controlUi.sessionMinutes', 43_200)
        setConfig(facts, 'gateway.controlUi.sessionIdleMinutes', 43_200)
      },
      finds: [{ subject: 'gateway.controlUi.sessionIdleMinutes', evidence: /30 days/ }], mended: true,
    },
  },
  harmless: { 'long, but ends when idle': (facts) => setConfig(facts, 'gateway.controlUi.sessionMinutes', 43_200) },
})

import { defineCheck } from '@moltbot/contract'
import { doorExposure } from './door-exposure.ts'
import { valueAt } from './config-value.ts'

export const gatewayControlUiInsecureAuth = defineCheck({
  id: 'gateway.control_ui.insecure_auth',
  severity: 'critical',
  title: 'Pages of other machines need more than the token over plain http',
  find: (facts) => (valueAt(facts, 'gateway.controlUi.allowInsecureAuth') !== true ? [] : [{
    check: 'gateway.control_ui.insecure_auth', severity: doorExposure(facts).reach === 'here' ? 'warn' : 'critical', subject: 'gateway.controlUi.allowInsecureAuth',
    evidence: 'A page without device identity comes in with the token alone; over plain http the token can be read on the way.',
    remedy: 'Set gateway.controlUi.allowInsecureAuth to false and use https or localhost.',
  }]),
  fix: () => ({ kind: 'config', path: 'gateway.controlUi.allowInsecureAuth', value: false }),
})

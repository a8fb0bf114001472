import { defineCheck } from '@moltbot/contract'
import { valueAt } from './config-value.ts'

export const gatewayControlUiDeviceAuthDisabled = defineCheck({
  id: 'gateway.control_ui.device_auth_disabled',
  severity: 'critical',
  title: 'Browsers prove which device they are',
  find: (facts) => (valueAt(facts, 'gateway.controlUi.dangerouslyDisableDeviceAuth') !== true ? [] : [{
    check: 'gateway.control_ui.device_auth_disabled', severity: 'critical', subject: 'gateway.controlUi.dangerouslyDisableDeviceAuth',
    evidence: 'Device identity is switched off: whoever has the token once has it from everywhere.',
    remedy: 'Set gateway.controlUi.dangerouslyDisableDeviceAuth to false.',
  }]),
  fix: () => ({ kind: 'config', path: 'gateway.controlUi.dangerouslyDisableDeviceAuth', value: false }),
})

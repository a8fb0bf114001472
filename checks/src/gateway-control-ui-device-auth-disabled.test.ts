import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayControlUiDeviceAuthDisabled } from './gateway-control-ui-device-auth-disabled.ts'

const subject = 'gateway.controlUi.dangerouslyDisableDeviceAuth'
testCheck(gatewayControlUiDeviceAuthDisabled, { faults: { 'switched off': { change: (facts) => setConfig(facts, subject, true), finds: [{ subject }], mended: true } } })

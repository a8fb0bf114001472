import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayControlUiAllowedOriginsInsecure } from './gateway-control-ui-allowed-origins-insecure.ts'

const subject = 'gateway.controlUi.allowedOrigins'
testCheck(gatewayControlUiAllowedOriginsInsecure, {
  faults: { 'plain http': { change: (facts) => setConfig(facts, subject, ['http://board.example.org', 'https://ok.example.org']), finds: [{ subject, evidence: /board\.example\.org/ }] } },
  harmless: { 'this machine, the tailnet': (facts) => setConfig(facts, subject, ['http://localhost:5173', 'http://box.tail1.ts.net']) },
})

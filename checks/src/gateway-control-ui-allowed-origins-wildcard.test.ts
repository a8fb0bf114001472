import { setConfig, testCheck } from '@moltbot/contract/testing'
import { gatewayControlUiAllowedOriginsWildcard } from './gateway-control-ui-allowed-origins-wildcard.ts'

testCheck(gatewayControlUiAllowedOriginsWildcard, {
  faults: {
    'every origin': { change: (facts) => setConfig(facts, 'gateway.controlUi.allowedOrigins', ['*']), finds: [{ subject: 'gateway.controlUi.allowedOrigins' }] },
    'sandboxed pages': { change: (facts) => setConfig(facts, 'gateway.controlUi.allowedOrigins', ['null']), finds: [{ subject: 'gateway.controlUi.allowedOrigins' }] },
    'every name below one': { change: (facts) => setConfig(facts, 'gateway.allowedHosts', ['.example.org', '*.example.com']), finds: [{ subject: 'gateway.allowedHosts' }, { subject: 'gateway.allowedHosts' }] },
  },
  harmless: { 'exact ones': (facts) => setConfig(facts, 'gateway.controlUi.allowedOrigins', ['https://box.example.ts.net']) },
})

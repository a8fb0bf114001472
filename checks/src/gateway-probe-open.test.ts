import { testCheck } from '@moltbot/contract/testing'
import { gatewayProbeOpen } from './gateway-probe-open.ts'

testCheck(gatewayProbeOpen, {
  faults: { 'served without a secret': { change: (facts) => void facts.deep?.refusals.push({ what: 'GET /v1/models from a foreign page', status: 200 }), finds: [{ subject: 'GET /v1/models from a foreign page', evidence: /200/ }] } },
  harmless: { 'refused, or cut off': (facts) => void facts.deep?.refusals.push({ what: 'a', status: 403 }, { what: 'b', status: null }) },
})

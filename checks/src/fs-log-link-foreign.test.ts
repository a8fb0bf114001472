import { setFile, testCheck } from '@moltbot/contract/testing'
import { fsLogLinkForeign } from './fs-log-link-foreign.ts'

testCheck(fsLogLinkForeign, {
  faults: {
    'made by somebody else': { change: (facts) => setFile(facts, 'log-link', { owner: 1001 }), finds: [{ subject: '/tmp/moltbot-gateway.log', evidence: /1001/ }] },
    'a file stands there': { change: (facts) => setFile(facts, 'log-link', { kind: 'file' }), finds: [{ subject: '/tmp/moltbot-gateway.log' }] },
  },
  harmless: { 'our link of another state directory': (facts) => setFile(facts, 'log-link', { target: '/srv/other/logs/gateway.log' }) },
})

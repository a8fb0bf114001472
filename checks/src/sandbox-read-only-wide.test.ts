import { setConfig, testCheck } from '@moltbot/contract/testing'
import { sandboxReadOnlyWide } from './sandbox-read-only-wide.ts'

const key = 'agents.defaults.sandbox.readOnly'

testCheck(sandboxReadOnlyWide, {
  faults: {
    'the whole machine': { change: (facts) => setConfig(facts, key, ['/']), finds: [{ subject: key }] },
    'a socket of the system': { change: (facts) => setConfig(facts, key, ['/opt/go', '/var/run/docker.sock']), finds: [{ subject: key, evidence: /docker\.sock would show \/var/ }] },
    'the state directory': { change: (facts) => setConfig(facts, key, [facts.stateDir]), finds: [{ subject: key }] },
    'a relative one': { change: (facts) => setConfig(facts, key, ['../x']), finds: [{ subject: key }] },
  },
  harmless: { 'a language': (facts) => setConfig(facts, key, ['/opt/go', '/usr/share']), 'none': (facts) => setConfig(facts, key, []) },
})

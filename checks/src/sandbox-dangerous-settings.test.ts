import { testCheck } from '@moltbot/contract/testing'
import type { Facts } from '@moltbot/contract'
import { sandboxDangerousSettings } from './sandbox-dangerous-settings.ts'

const written = (facts: Facts, sandbox: Record<string, unknown>): void => void (facts.config.written = { ...facts.config.written, agents: { defaults: { sandbox } } })

testCheck(sandboxDangerousSettings, {
  faults: {
    'switched off': { change: (facts) => written(facts, { mode: 'off' }), finds: [{ subject: 'agents.defaults.sandbox.mode' }] },
    'the engine\'s socket and its network': {
      change: (facts) => written(facts, { docker: { binds: ['/var/run/docker.sock:/var/run/docker.sock'], network: 'host' } }), finds: [{ subject: 'agents.defaults.sandbox.docker.binds' }, { subject: 'agents.defaults.sandbox.docker.network' }],
    },
    'no filter': { change: (facts) => written(facts, { docker: { seccompProfile: 'unconfined' } }), finds: [{ subject: 'agents.defaults.sandbox.docker.seccompProfile' }] },
  },
  harmless: { 'what is safe': (facts) => written(facts, { mode: 'all', scope: 'agent', docker: { network: 'none', capDrop: ['ALL'], image: 'x' } }) },
})

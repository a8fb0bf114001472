import { testCheck } from '@moltbot/contract/testing'
import { sandboxUnavailable } from './sandbox-unavailable.ts'

testCheck(sandboxUnavailable, {
  faults: {
    'nothing isolates': {
      change: (facts) => { if (facts.live !== null) facts.live.sandbox = { available: false, reason: 'bubblewrap is not installed.', remedy: 'sudo apt-get install -y bubblewrap' } },
      finds: [{ subject: 'agents.defaults.sandbox', evidence: /bubblewrap is not installed/ }],
    },
  },
  harmless: {
    'it holds': (facts) => { if (facts.live !== null) facts.live.sandbox = { available: true, reason: null, remedy: null } },
    'no commands at all': (facts) => { if (facts.live !== null) delete facts.live.sandbox },
  },
})

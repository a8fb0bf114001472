import { testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { modelsNeedsYou } from './models-needs-you.ts'

const credentials = (...all: object[]) => (facts: ChangeableFacts) => void Object.assign(facts.live ?? {}, { credentials: all.map((each) => ({ profile: 'openai:default', state: 'ready', reason: null, next: null, ...each })) })
testCheck(modelsNeedsYou, {
  faults: {
    'a sign-in is over': { change: credentials({ state: 'needs-you', reason: 'The provider does not renew it.', next: 'Sign in again: moltbot models auth login --provider openai' }), finds: [{ subject: 'openai:default', evidence: /renew it\.$/ }] },
    'without words': { change: credentials({ profile: 'x:y', state: 'needs-you' }), finds: [{ subject: 'x:y' }] },
  },
  harmless: { 'all is well': credentials({}), 'one is left out of the order': credentials({ state: 'left-out' }), 'none': credentials() },
})

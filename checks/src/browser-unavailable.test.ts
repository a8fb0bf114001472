import { setConfig, testCheck } from '@moltbot/contract/testing'
import { browserUnavailable } from './browser-unavailable.ts'

const lacking = { available: false, reason: 'There is no Chromium on this machine.', remedy: 'sudo apt-get install -y chromium' }
type Change = Parameters<typeof setConfig>[0]
const lacks = (facts: Change): void => { if (facts.live !== null) facts.live.browser = lacking }

testCheck(browserUnavailable, {
  faults: {
    'a profile names it': { change: (facts) => { lacks(facts); setConfig(facts, 'tools.profile', 'coding') }, finds: [{ subject: 'browser', evidence: /no Chromium/ }] },
    'a list names it': { change: (facts) => { lacks(facts); setConfig(facts, 'tools.alsoAllow', ['Browser']) }, finds: [{ subject: 'browser', evidence: /no Chromium/ }] },
    'an agent of its own has it': { change: (facts) => { lacks(facts); setConfig(facts, 'agents.list', [{ id: 'work', tools: { profile: 'full' } }]) }, finds: [{ subject: 'browser', evidence: /no Chromium/ }] },
  },
  harmless: {
    'nobody wants one': lacks,
    'it is there': (facts) => { if (facts.live !== null) facts.live.browser = { available: true, reason: null, remedy: null }; setConfig(facts, 'tools.profile', 'full') },
    'it was switched off': (facts) => { lacks(facts); setConfig(facts, 'tools.profile', 'full'); setConfig(facts, 'browser.enabled', false) },
  },
})

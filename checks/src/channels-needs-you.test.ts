import { testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { channelsNeedsYou } from './channels-needs-you.ts'

const account = (changes: object) => (facts: ChangeableFacts) => facts.live?.accounts.forEach((each) => Object.assign(each, changes))
testCheck(channelsNeedsYou, {
  faults: {
    'a token was revoked': { change: account({ state: 'needs-you', reason: 'The token is not valid any more.' }), finds: [{ subject: 'channels.network', evidence: /any more\.$/ }] },
    'another login': { change: account({ state: 'needs-you', account: 'shop' }), finds: [{ subject: 'channels.network.accounts.shop' }] },
  },
  harmless: { 'trying again by itself': account({ state: 'retrying' }), 'never set up': account({ state: 'needs-you', configured: false }) },
})

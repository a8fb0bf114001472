import { setConfig, testCheck } from '@moltbot/contract/testing'
import { channelsOwnerWildcard } from './channels-owner-wildcard.ts'

const subject = 'commands.ownerAllowFrom'
testCheck(channelsOwnerWildcard, {
  faults: { 'everybody': { change: (facts) => setConfig(facts, subject, ['*']), finds: [{ subject }] }, 'everybody of a network': { change: (facts) => setConfig(facts, subject, ['network:*', 'network:7']), finds: [{ subject, evidence: /network:\*/ }] } },
  harmless: { 'a person': (facts) => setConfig(facts, subject, ['network:7']) },
})

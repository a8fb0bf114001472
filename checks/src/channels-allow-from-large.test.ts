import { setConfig, testCheck } from '@moltbot/contract/testing'
import { channelsAllowFromLarge } from './channels-allow-from-large.ts'

const people = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)
testCheck(channelsAllowFromLarge, {
  faults: { 'twenty-six': { change: (facts) => setConfig(facts, 'channels.network.allowFrom', people(26)), finds: [{ subject: 'channels.network.allowFrom', evidence: /26/ }] } },
  harmless: { 'twenty-five': (facts) => setConfig(facts, 'channels.network.allowFrom', people(25)) },
})

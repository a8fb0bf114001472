import { setConfig, testCheck } from '@moltbot/contract/testing'
import { channelsGroupsWildcard } from './channels-groups-wildcard.ts'

testCheck(channelsGroupsWildcard, {
  faults: { 'every group': { change: (facts) => setConfig(facts, 'channels.network.groups', { '*': {} }), finds: [{ subject: 'channels.network.groups' }] } },
  harmless: { 'every other group is off': (facts) => setConfig(facts, 'channels.network.groups', { '-100': {}, '*': { enabled: false } }) },
})

import { setConfig, testCheck } from '@moltbot/contract/testing'
import { channelsGroupsAllowFromWildcard } from './channels-groups-allow-from-wildcard.ts'

testCheck(channelsGroupsAllowFromWildcard, {
  faults: {
    'for all groups': { change: (facts) => setConfig(facts, 'channels.network.groupAllowFrom', ['*']), finds: [{ subject: 'channels.network.groupAllowFrom' }] },
    'for one group': { change: (facts) => setConfig(facts, 'channels.network.groups', { '-100': { allowFrom: ['*'] } }), finds: [{ subject: 'channels.network.groups.-100.allowFrom', severity: 'warn' }] },
    'for the groups that are not listed': { change: (facts) => setConfig(facts, 'channels.network.groups', { '*': { allowFrom: ['*'] } }), finds: [{ subject: 'channels.network.groups["*"].allowFrom' }] },
  },
  harmless: { 'people by id': (facts) => setConfig(facts, 'channels.network.groupAllowFrom', [7, 8]) },
})

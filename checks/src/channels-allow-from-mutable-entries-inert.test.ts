import { setConfig, testCheck } from '@moltbot/contract/testing'
import { channelsAllowFromMutableEntriesInert } from './channels-allow-from-mutable-entries-inert.ts'

testCheck(channelsAllowFromMutableEntriesInert, {
  faults: {
    'a name that can be changed': { change: (facts) => setConfig(facts, 'channels.network.allowFrom', ['@ana', 7]), finds: [{ subject: 'channels.network.allowFrom', evidence: /"@ana" is no id and matches/ }] },
    'a blank and a display name': { change: (facts) => setConfig(facts, 'channels.network.groupAllowFrom', [' ', 'Ana Maria']), finds: [{ subject: 'channels.network.groupAllowFrom', evidence: /are no ids and match nobody/ }] },
    'the owner by name': { change: (facts) => setConfig(facts, 'commands.ownerAllowFrom', ['network:@ana']), finds: [{ subject: 'commands.ownerAllowFrom' }] },
  },
  harmless: { 'ids of several kinds': (facts) => setConfig(facts, 'channels.network.allowFrom', [7, '+4930123', 'U02ABC', 'network:7', '*']) },
})

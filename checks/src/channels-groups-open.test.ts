import { setConfig, testCheck } from '@moltbot/contract/testing'
import { channelsGroupsOpen } from './channels-groups-open.ts'

testCheck(channelsGroupsOpen, {
  faults: {
    'said by the channel': { change: (facts) => setConfig(facts, 'channels.network.groupPolicy', 'open'), finds: [{ subject: 'channels.network' }], mended: true },
    'said for all channels': { change: (facts) => setConfig(facts, 'channels.defaults.groupPolicy', 'open'), finds: [{ subject: 'channels.network' }], mended: true },
    'wherever it is mentioned': { change: (facts) => setConfig(facts, 'channels.network.groupPolicy', 'mention-only'), finds: [{ subject: 'channels.network' }], mended: true },
  },
  harmless: {
    'the channel says otherwise than all': (facts) => {
      setConfig(facts, 'channels.defaults.groupPolicy', 'open')
      setConfig(facts, 'channels.network.groupPolicy', 'allowlist')
    },
  },
})

import { setConfig, testCheck } from '@moltbot/contract/testing'
import { channelsDmOpenInvalid } from './channels-dm-open-invalid.ts'

testCheck(channelsDmOpenInvalid, {
  faults: { 'open, nobody named': { change: (facts) => setConfig(facts, 'channels.network.dmPolicy', 'open'), finds: [{ subject: 'channels.network' }], mended: true } },
  harmless: {
    'open and meant': (facts) => {
      setConfig(facts, 'channels.network.dmPolicy', 'open')
      setConfig(facts, 'channels.network.allowFrom', ['*'])
    },
  },
})

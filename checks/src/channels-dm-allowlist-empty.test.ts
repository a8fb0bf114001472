import { setConfig, testCheck } from '@moltbot/contract/testing'
import { channelsDmAllowlistEmpty } from './channels-dm-allowlist-empty.ts'

testCheck(channelsDmAllowlistEmpty, {
  faults: {
    'nobody': { change: (facts) => setConfig(facts, 'channels.network.dmPolicy', 'allowlist'), finds: [{ subject: 'channels.network' }] },
    'only blanks': {
      change(facts) {
        setConfig(facts, 'channels.network.dmPolicy', 'allowlist')
        setConfig(facts, 'channels.network.allowFrom', ['', ' '])
      },
      finds: [{ subject: 'channels.network' }],
    },
  },
  harmless: {
    'the owner is named elsewhere': (facts) => {
      setConfig(facts, 'channels.network.dmPolicy', 'allowlist')
      setConfig(facts, 'commands.ownerAllowFrom', ['network:7'])
    },
  },
})

import { setConfig, testCheck } from '@moltbot/contract/testing'
import { channelsDmOpen } from './channels-dm-open.ts'

testCheck(channelsDmOpen, {
  faults: {
    'open to everyone': {
      change(facts) {
        setConfig(facts, 'channels.network.dmPolicy', 'open')
        setConfig(facts, 'channels.network.allowFrom', [7, ' * '])
      },
      finds: [{ subject: 'channels.network' }], mended: true,
    },
    'only one of two logins': {
      change(facts) {
        setConfig(facts, 'channels.network.accounts', { shop: { dmPolicy: 'open', allowFrom: ['*'] }, home: {} })
      },
      finds: [{ subject: 'channels.network.accounts.shop' }], mended: true,
    },
  },
  harmless: {
    'open without the star lets nobody in': (facts) => setConfig(facts, 'channels.network.dmPolicy', 'open'),
    'switched off': (facts) => setConfig(facts, 'channels.network', { enabled: false, dmPolicy: 'open', allowFrom: ['*'] }),
  },
})

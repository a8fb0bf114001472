import { testCheck } from '@moltbot/contract/testing'
import { fsSyncedDir } from './fs-synced-dir.ts'

testCheck(fsSyncedDir, {
  faults: {
    'the state directory and all in it': {
      change(facts) {
        facts.stateDir = '/home/ana/Dropbox/moltbot'
        facts.configFile = '/home/ana/Dropbox/moltbot/moltbot.json'
      },
      finds: [{ subject: '/home/ana/Dropbox/moltbot', evidence: /^Dropbox/ }],
    },
    'only the configuration': { change: (facts) => void (facts.configFile = '/Users/ana/Library/Mobile Documents/com~apple~CloudDocs/moltbot.json'), finds: [{ subject: '/Users/ana/Library/Mobile Documents/com~apple~CloudDocs/moltbot.json' }] },
    'a company’s OneDrive': { change: (facts) => void (facts.configFile = 'C:\\Users\\ana\\OneDrive - Example\\moltbot.json'), finds: [{ subject: 'C:\\Users\\ana\\OneDrive - Example\\moltbot.json' }] },
  },
  harmless: { 'a folder that only sounds similar': (facts) => void (facts.configFile = '/home/ana/dropbox-notes/moltbot.json') },
})

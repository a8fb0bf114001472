import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsConfigPermsWritable } from './fs-config-perms-writable.ts'

testCheck(fsConfigPermsWritable, {
  faults: {
    'everyone may write': { change: (facts) => setFile(facts, 'config', { mode: 0o666 }), finds: [{ subject: `${sampleStateDir}/moltbot.json` }], mended: true },
    'the group may write': { change: (facts) => setFile(facts, 'config', { mode: 0o620 }), finds: [{ subject: `${sampleStateDir}/moltbot.json` }], mended: true },
  },
  harmless: {
    'where access lists rule': (facts) => {
      facts.platform = 'win32'
      setFile(facts, 'config', { mode: 0o666 })
    },
  },
})

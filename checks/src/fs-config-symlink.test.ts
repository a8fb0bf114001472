import { sampleStateDir, setFile, testCheck } from '@moltbot/contract/testing'
import { fsConfigSymlink } from './fs-config-symlink.ts'

testCheck(fsConfigSymlink, {
  faults: {
    'the configuration is a link': { change: (facts) => setFile(facts, 'config', { kind: 'link', target: '/srv/shared.json' }), finds: [{ subject: `${sampleStateDir}/moltbot.json`, evidence: /\/srv\/shared/ }] },
    'secrets.env is a pipe': { change: (facts) => setFile(facts, 'secrets-env', { kind: 'other' }), finds: [{ subject: `${sampleStateDir}/secrets.env` }] },
  },
  harmless: { 'there is no secrets.env': (facts) => void (facts.files = facts.files.filter(({ role }) => role !== 'secrets-env')) },
})

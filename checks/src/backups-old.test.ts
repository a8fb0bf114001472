import { sampleStateDir, setConfig, setFile, testCheck, type ChangeableFacts } from '@moltbot/contract/testing'
import { backupsOld } from './backups-old.ts'

const dayMs = 86_400_000
const every = (facts: ChangeableFacts, value: string, configDays = 30): void => {
  setConfig(facts, 'backup.every', value)
  setFile(facts, 'config', { modifiedAt: facts.takenAt - configDays * dayMs })
}
const last = (facts: ChangeableFacts, days: number): void => {
  facts.files.push({ role: 'backup', path: `${sampleStateDir}/backups/scheduled.json`, kind: 'file', mode: 0o600, owner: 1000, modifiedAt: facts.takenAt - days * dayMs })
}
const subject = 'backup.every'
testCheck(backupsOld, {
  faults: {
    'daily, and the last is three days old': { change: (facts) => { every(facts, 'day'); last(facts, 3) }, finds: [{ subject, evidence: /3 days old/ }] },
    'weekly, and the last is two weeks old': { change: (facts) => { every(facts, 'week'); last(facts, 14) }, finds: [{ subject }] },
    'daily, and none was made': { change: (facts) => every(facts, 'day'), finds: [{ subject, evidence: /none was/ }] },
  },
  harmless: {
    'daily, a day ago': (facts) => { every(facts, 'day'); last(facts, 1) },
    'switched on a moment ago': (facts) => every(facts, 'day', 0),
    'off, and an old one': (facts) => { every(facts, 'off'); last(facts, 300) },
  },
})

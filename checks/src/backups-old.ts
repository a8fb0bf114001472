import { defineCheck } from '@moltbot/contract'
import { textAt } from './config-value.ts'

const dayMs = 86_400_000
/** A machine that is off at night makes its backup a day late. */
const lateMs = { day: 2 * dayMs, week: 9 * dayMs } as const

export const backupsOld = defineCheck({
  id: 'backups.old',
  severity: 'warn',
  title: 'The backups that should make themselves are made',
  find: (facts) => {
    const every = textAt(facts, 'backup.every')
    if (every !== 'day' && every !== 'week') return []
    const last = facts.files.find(({ role, path }) => role === 'backup' && path.endsWith('/backups/scheduled.json'))?.modifiedAt
    const config = facts.files.find(({ role }) => role === 'config')?.modifiedAt ?? facts.takenAt
    if (last !== undefined ? facts.takenAt - last <= lateMs[every] : facts.takenAt - config <= lateMs[every]) return []
    return [{
      check: 'backups.old', severity: 'warn', subject: 'backup.every',
      evidence: last === undefined ? `One was to be made each ${every}, and none was.` : `One was to be made each ${every}; the last is ${Math.floor((facts.takenAt - last) / dayMs)} days old.`,
      remedy: 'Look for "A backup could not be made" in moltbot logs; try: moltbot backup create',
    }]
  },
})

/** The backups this gateway makes by itself: to the record, and to the owner where one could not be made. */
import type { Clock, HouseRun, Logger } from '@moltbot/contract'
import type { Audit } from './foundation/audit/types.ts'
import { backupSection, createBackupSchedule } from './foundation/backup/index.ts'
import type { Config } from './foundation/config/index.ts'
import type { KnownChats } from './known-chats.ts'

export function createHouseBackups({ config, stateDir, clock, log, make, tellOwner, recordAct, ran }: {
  config: Pick<Config, 'get'>
  stateDir: string
  clock: Clock
  log: Logger
  make(file: string, recipients: readonly string[]): Promise<{ bytes: number }>
  tellOwner: KnownChats['tellOwner']
  recordAct(act: Parameters<Audit['append']>[1]): Promise<void>
  ran(run: HouseRun): Promise<void>
}): ReturnType<typeof createBackupSchedule> {
  return createBackupSchedule({
    settings: () => config.get(backupSection), stateDir, clock, log: log.child('backup'), make, ran, tellOwner: (words, key) => tellOwner(words, `backup/${key}`),
    record: ({ file, bytes, failure, asked }) => recordAct({
      act: 'backup.made', principal: null, subject: 'state', outcome: failure === undefined ? 'done' : 'failed', reason: failure ?? (asked ? 'it was asked for' : 'it was due'), facts: { file, ...(bytes === undefined ? {} : { bytes }) },
    }),
  })
}

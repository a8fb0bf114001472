import { lstat, mkdir, readdir, rename, unlink, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { describeError, Problem, type Clock, type HouseJob, type HouseRun, type Logger } from '@moltbot/contract'
import type { BackupConfig } from './config.ts'

/** What the last one was, for whoever looks at this installation; beside the backups of the state directory. */
const scheduledMark = 'scheduled.json'

const periodMs = { day: 86_400_000, week: 7 * 86_400_000 } as const
const firstLookMs = 60_000
const lookEveryMs = 3_600_000
/** Looks are an hour apart; without this each backup would be made an hour later than the one before. */
const slackMs = lookEveryMs

export interface ScheduleOptions {
  settings: () => BackupConfig
  stateDir: string
  clock: Clock
  log: Logger
  /** Writes a sealed backup to a file that is not there yet. Resolves with its size. */
  make(file: string, recipients: readonly string[]): Promise<{ bytes: number }>
  /** Writes what became of it into the record. `asked`: a person wanted it, it was not due. */
  record(made: { file: string; bytes?: number; failure?: string; asked: boolean }): Promise<void>
  /** Takes down what it did by itself. */
  ran(run: HouseRun): Promise<void>
  /** Tells the owner, once for each key. False: there is nowhere to tell it. */
  tellOwner(words: string, key: string): Promise<boolean>
}

/** Makes backups when they are due, keeps so many, and tells the owner, once a day, when one could not be made. */
export function createBackupSchedule(options: ScheduleOptions): { job: HouseJob; start(): void; close(): Promise<void> } {
  const { settings, stateDir, clock, log } = options
  const own = join(stateDir, 'backups')
  let cancel = (): void => undefined
  let working: Promise<void> = Promise.resolve()
  let closed = false

  const folderOf = async (given: string): Promise<string> => {
    if (given === '' || resolve(given) === own) {
      await mkdir(own, { recursive: true, mode: 0o700 })
      return own
    }
    const folder = resolve(given)
    const inside = relative(stateDir, folder)
    if (inside === '' || !(inside.startsWith('..') || inside.startsWith('/'))) throw new Problem('backup-folder', `backup.folder is ${given}, within what is backed up.`, { next: 'Choose a folder outside the state directory, or leave it empty.' })
    // A disk that is not mounted is no folder to fill.
    if (!(await lstat(folder).then((found) => found.isDirectory(), () => false))) throw new Problem('backup-folder', `backup.folder is ${given}, and no folder is there.`, { next: 'Make it, or mount its disk.' })
    return folder
  }

  /** When the next is due; undefined: at once, for there is none yet. */
  async function dueAt(folder: string, every: keyof typeof periodMs): Promise<number | undefined> {
    const newest = (await madeBefore(folder)).filter(({ at }) => at <= clock.now()).at(-1)
    return newest === undefined ? undefined : newest.at + periodMs[every] - slackMs
  }

  async function makeOne({ keep, folder: given, recipients }: BackupConfig, asked: boolean): Promise<string> {
    const now = clock.now()
    const folder = await folderOf(given)
    if (recipients.length === 0) throw new Problem('backup-recipients', 'Nobody could open a backup that makes itself: backup.recipients is empty.', { next: 'Make a key with age-keygen, keep its identity elsewhere, and write its age1… into backup.recipients.' })
    const there = await madeBefore(folder)
    const file = join(folder, nameAt(now))
    const { bytes } = await options.make(file, recipients)
    await mkdir(own, { recursive: true, mode: 0o700 })
    const mark = join(own, scheduledMark)
    await writeFile(`${mark}.tmp`, JSON.stringify({ madeAt: now, file, bytes }), { mode: 0o600 })
    await rename(`${mark}.tmp`, mark)
    await options.record({ file, bytes, asked })
    log.info('A backup was made.', { file, bytes })
    for (const old of [...there, { name: basename(file), at: now }].toSorted((a, b) => a.at - b.at).slice(0, -keep)) {
      await unlink(join(folder, old.name))
      log.info('An old backup was removed.', { file: join(folder, old.name) })
    }
    return `${file} (${(bytes / 1_000_000).toFixed(1)} MB)`
  }

  async function failed(error: unknown, folder: string, asked: boolean): Promise<string> {
    const failure = describeError(error)
    log.error('A backup could not be made.', { error: failure })
    await options.record({ file: folder, failure, asked }).catch((later: unknown) => log.error('That a backup failed could not be written down.', { error: describeError(later) }))
    return error instanceof Problem ? error.explain() : failure
  }

  async function look(): Promise<void> {
    const now = settings()
    if (now.every === 'off') return
    const startedAt = clock.now()
    try {
      if (startedAt < ((await dueAt(await folderOf(now.folder), now.every)) ?? startedAt)) return
      await options.ran({ startedAt, ok: true, words: await makeOne(now, false) })
    } catch (error) {
      const words = await failed(error, now.folder, false)
      await options.ran({ startedAt, ok: false, words })
      await options.tellOwner(`⚠️ The backup that was due could not be made. ${words}`, `failed/${Math.floor(clock.now() / periodMs.day)}`)
        .catch((later: unknown) => log.warn('The owner could not be told that a backup failed.', { error: describeError(later) }))
    }
  }

  /** One at a time. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = working.then(work)
    working = result.then(() => undefined, () => undefined)
    return result
  }

  let lookAt = 0
  const next = (afterMs: number): void => {
    lookAt = clock.now() + afterMs
    cancel = clock.after(afterMs, () => void inTurn(look).finally(() => { if (!closed) next(lookEveryMs) }))
  }
  return {
    job: {
      name: 'backup', title: 'Backup', description: 'Writes everything into one sealed file that only its recipients can open, and removes the oldest of those that made themselves.', setting: 'backup.every',
      async plan() {
        const { every, folder } = settings()
        if (every === 'off') return { enabled: false, everyMs: periodMs.day, nextAt: null }
        // A folder that is not there is said by the look, which comes in any case.
        const due = await folderOf(folder).then((found) => dueAt(found, every), () => undefined)
        return { enabled: true, everyMs: periodMs[every], nextAt: lookAt + Math.max(0, Math.ceil(((due ?? lookAt) - lookAt) / lookEveryMs)) * lookEveryMs }
      },
      run: () => inTurn(async () => {
        const now = settings()
        try {
          return await makeOne(now, true)
        } catch (error) {
          await failed(error, now.folder, true)
          throw error
        }
      }),
    },
    start: () => next(firstLookMs),
    async close() {
      closed = true
      cancel()
      await working
    },
  }
}

function nameAt(ms: number): string {
  return `moltbot-auto-${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}.age`
}

/** Those that made themselves, oldest first, by their names: what else lies there is nobody's to count or remove. */
async function madeBefore(folder: string): Promise<{ name: string; at: number }[]> {
  const found: { name: string; at: number }[] = []
  for (const name of await readdir(folder)) {
    const [, day, time] = /^moltbot-auto-(\d{8})-(\d{6})\.age$/.exec(name) ?? []
    if (day === undefined || time === undefined || !(await lstat(join(folder, name))).isFile()) continue
    const at = Date.parse(`${day.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`)
    if (Number.isFinite(at)) found.push({ name, at })
  }
  return found.toSorted((a, b) => a.at - b.at)
}

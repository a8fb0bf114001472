import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { HouseRun } from '@moltbot/contract'
import { FakeClock, memoryLogger } from '@moltbot/contract/testing'
import type { BackupConfig } from './config.ts'
import { createBackup, createBackupSchedule, verifyBackup } from './index.ts'

const hour = 3_600_000
const day = 24 * hour
/** Knows whether the next look was asked for. */
class Counting extends FakeClock {
  asked = 0
  override after(delayMs: number, task: () => void): () => void {
    this.asked += 1
    return super.after(delayMs, task)
  }
}
let root: string
let stateDir: string
let clock: Counting
let identity: string
let config: BackupConfig
let recorded: { file: string; failure?: string; asked: boolean }[]
let ran: HouseRun[]
let told: [string, string][]
let schedule: ReturnType<typeof createBackupSchedule>
let made: number

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'moltbot-schedule-'))
  stateDir = join(root, 'state')
  mkdirSync(stateDir)
  writeFileSync(join(stateDir, 'moltbot.json'), '{}')
  clock = new Counting()
  identity = await generateIdentity()
  config = { every: 'day', keep: 14, folder: '', recipients: [await identityToRecipient(identity)] }
  recorded = []
  ran = []
  told = []
  made = 0
  schedule = createBackupSchedule({
    settings: () => config, stateDir, clock, log: memoryLogger(),
    async make(file, recipients) {
      const { bytes } = await createBackup({ stateDir, file, target: { recipients }, version: '1', now: clock.now(), vaultGeneration: 0, keyFile: undefined, copyDatabase: undefined })
      made += 1
      return { bytes }
    },
    record: async (each) => void recorded.push(each), ran: async (run) => void ran.push(run), tellOwner: async (words, key) => { told.push([words, key]); return true },
  })
  schedule.start()
})
afterEach(async () => {
  await schedule.close()
  rmSync(root, { recursive: true, force: true })
})

const backups = (folder = join(stateDir, 'backups')): string[] => readdirSync(folder).filter((name) => name.startsWith('moltbot-auto-')).toSorted()
/** Hour by hour, each look to its end: it asks for the next one then. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= hour) {
    const asked = clock.asked
    await clock.advance(Math.min(left, hour))
    await vi.waitFor(() => expect(clock.asked).toBeGreaterThan(asked), { timeout: 60_000, interval: 2 })
  }
}

it('makes one a day, which its recipient opens, and keeps as many as it should, and every other file', async () => {
  config = { ...config, keep: 3 }
  await pass(hour)
  const [first] = backups()
  expect((await verifyBackup({ file: join(stateDir, 'backups', first ?? ''), key: { identity }, scratch: join(root, 'scratch'), checkDatabase: async () => undefined })).manifest.files.map(({ path }) => path)).toEqual(['state/moltbot.json'])
  expect(statSync(join(stateDir, 'backups', first ?? '')).mode & 0o777).toBe(0o600)
  for (const name of ['moltbot-backup-20200101-000000.age', 'moltbot-auto-20200101-000000.age.txt', 'moltbot-auto-2020.age', 'mine.txt']) writeFileSync(join(stateDir, 'backups', name), 'mine')
  symlinkSync(join(stateDir, 'moltbot.json'), join(stateDir, 'backups', 'moltbot-auto-20200102-000000.age'))
  await pass(5 * day)
  expect(made).toBe(6)
  expect(backups()).toHaveLength(3 + 3)
  expect(readdirSync(join(stateDir, 'backups'))).toEqual(expect.arrayContaining(['moltbot-backup-20200101-000000.age', 'moltbot-auto-20200101-000000.age.txt', 'moltbot-auto-2020.age', 'moltbot-auto-20200102-000000.age', 'mine.txt']))
  expect(JSON.parse(readFileSync(join(stateDir, 'backups', 'scheduled.json'), 'utf8'))).toMatchObject({ file: join(stateDir, 'backups', backups().at(-1) ?? '') })
  expect(recorded).toHaveLength(6)
  expect(told).toEqual([])
})

it('goes on from the last there is, makes one a week, and none when it is off', async () => {
  await pass(hour)
  config = { ...config, every: 'off' }
  await pass(3 * day)
  expect(made).toBe(1)
  config = { ...config, every: 'week' }
  await pass(3 * day)
  expect(made).toBe(1)
  await pass(day + hour)
  expect(made).toBe(2)
})

it.each<[string, () => Partial<BackupConfig>, RegExp]>([
  ['nobody could open it', () => ({ recipients: [] }), /Nobody could open/],
  ['its disk is not there', () => ({ folder: join(root, 'not-mounted') }), /no folder is there/],
  ['it would be a copy of its copies', () => ({ folder: join(stateDir, 'workspace') }), /within what is backed up/],
  ['a file stands in its place', () => { writeFileSync(join(root, 'file'), ''); return { folder: join(root, 'file') } }, /no folder is there/],
])('tells the owner once a day when %s, and tries again', async (_what, change, words) => {
  const good = config
  config = { ...config, ...change() }
  await pass(3 * hour)
  expect(recorded.filter(({ failure }) => failure !== undefined)).toHaveLength(3)
  expect(told[0]?.[0]).toMatch(words)
  expect(new Set(told.map(([, key]) => key)).size).toBe(1)
  config = good
  await pass(hour)
  expect(made).toBe(1)
})

it('writes to another disk, and leaves nothing half of one that failed', async () => {
  const disk = join(root, 'disk')
  mkdirSync(disk)
  config = { ...config, folder: disk, recipients: ['age1qqqqqqqqqqqqqqqqqqqqqqqqq'] }
  await pass(hour)
  expect([made, readdirSync(disk)]).toEqual([0, []])
  config = { ...config, recipients: [await identityToRecipient(identity)] }
  await pass(hour)
  expect(backups(disk)).toHaveLength(1)
})

it('says when the next is made, and what came of the ones before', async () => {
  await pass(hour)
  expect(ran).toMatchObject([{ ok: true, words: expect.stringMatching(/moltbot-auto-.*\.age \(0\.0 MB\)$/) as string }])
  const { nextAt, enabled, everyMs } = await schedule.job.plan()
  expect([enabled, everyMs]).toEqual([true, day])
  await pass((nextAt ?? 0) - clock.now() - hour)
  expect(made).toBe(1)
  await pass(hour)
  expect(made).toBe(2)
  config = { ...config, every: 'off' }
  expect(await schedule.job.plan()).toEqual({ enabled: false, everyMs: day, nextAt: null })
})

it('makes one at once for who asks, also while it is off, and bothers nobody else when it cannot', async () => {
  config = { ...config, every: 'off' }
  expect(await schedule.job.run?.()).toMatch(/moltbot-auto-/)
  expect([made, recorded, ran]).toEqual([1, [expect.objectContaining({ asked: true })], []])
  config = { ...config, recipients: [] }
  await expect(schedule.job.run?.()).rejects.toThrow('Nobody could open')
  expect([told, ran, recorded.at(-1)]).toEqual([[], [], expect.objectContaining({ asked: true, failure: expect.stringContaining('Nobody') as string })])
})

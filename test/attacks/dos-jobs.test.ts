import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SessionKey } from '@moltbot/contract'
import { chat, jobsWorld, olga, type JobsWorld } from '../../gateway/src/foundation/jobs/testing/jobs-world.ts'

const hour = 3_600_000
const year = 365 * 24 * hour
let at: JobsWorld
beforeEach(async () => { at = await jobsWorld() })
afterEach(async () => {
  await at.jobs.close()
  await at.store.close()
})
const settled = (count: number): Promise<void> => vi.waitFor(async () => expect((await at.jobs.runs({ limit: 1_000 }, olga)).filter(({ endedAt }) => endedAt !== null)).toHaveLength(count), { timeout: 60_000, interval: 5 })
/** A clock that jumps a year ahead while nobody looks. */
async function jumpAYear(): Promise<void> {
  await at.jobs.close()
  at.clock.offset += year
  await at.restart()
}

/** How often the job that came most often came. */
function stormOf({ received }: JobsWorld): number {
  const times = new Map<string, number>()
  for (const { job } of received) times.set(job?.id ?? '', (times.get(job?.id ?? '') ?? 0) + 1)
  return Math.max(0, ...times.values())
}

describe('DOS-09: schedules', () => {
  it('DOS-09: of ten thousand jobs as many stay as one person may have, and none every second', async () => {
    let refused = 0
    for (let count = 0; count < 10_000; count += 1) await at.add({ times: { every: '1m' } }).catch((error: unknown) => { refused += (error as { code?: string }).code === 'jobs-full' ? 1 : 0 })
    expect([refused, (await at.jobs.list(olga)).length]).toEqual([9_950, 50])
    for (const times of [{ every: '1s' }, { every: '59s' }, { cron: '* * * * * *' }, { cron: '*/5 * * * * *' }, { cron: '0,1 * * * * *' }]) await expect(at.add({ times })).rejects.toMatchObject({ code: 'job-times' })
    // Another person has room of their own.
    await at.add({ times: { every: '1m' } }, { principal: 'mia' as never, all: false })
  })

  it('DOS-09: a clock that jumps a year ahead is one run of each job, one after the other', async () => {
    for (let count = 0; count < 20; count += 1) await at.add({ times: count % 2 === 0 ? { every: '1m' } : { cron: '* * * * *' } })
    let [working, most] = [0, 0]
    at.ends = () => undefined
    await jumpAYear()
    for (let count = 0; count < 20; count += 1) {
      await vi.waitFor(() => expect(at.received.length).toBe(count + 1), { timeout: 60_000, interval: 5 })
      working = (await at.jobs.runs({ limit: 1_000 }, olga)).filter(({ state }) => state === 'begun').length
      most = Math.max(most, working)
      at.end(at.received[count] ?? expect.fail('nothing came'))
    }
    await settled(20)
    expect([at.received.length, most, stormOf(at)]).toEqual([20, 1, 1])
    expect((await at.jobs.list(olga)).every(({ nextAt }) => nextAt !== null && nextAt > at.clock.now())).toBe(true)
  })

  it('DOS-09: times that are over, absurdly far, on no day or in no zone are refused', async () => {
    for (const times of [{ at: '1970-01-01' }, { at: '9999-12-31' }, { at: '2027-02-29' }, { every: '400d' }, { cron: '0 0 30 2 *' }, { schedule: { kind: 'at' as const, atMs: 8.65e15 } }, { schedule: { kind: 'at' as const, atMs: Number.NaN } }]) await expect(at.add({ times })).rejects.toMatchObject({ code: 'job-times' })
    await expect(at.add({ times: { cron: '0 8 * * *', tz: 'Mars/Base' } })).rejects.toMatchObject({ code: 'job-zone' })
    expect(await at.jobs.list(olga)).toEqual([])
  })

  it('DOS-09: summer time takes no day from a daily job and doubles none', async () => {
    const id = await at.add({ times: { cron: '30 2 * * *' } })
    const berlin = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin', dateStyle: 'short', timeStyle: 'short' })
    const end = at.clock.now() + 31 * 24 * hour
    const ran: string[] = []
    for (;;) {
      const { nextAt } = (await at.jobs.list(olga)).find((job) => job.id === id) ?? expect.fail('the job is gone')
      if (nextAt === null || nextAt >= end) break
      at.clock.offset += nextAt - at.clock.now()
      at.jobs.wake()
      await settled(ran.length + 1)
      ran.push(berlin.format(nextAt))
    }
    // 2026-03-29 has no half past two in Berlin.
    expect(ran).toEqual(Array.from({ length: 31 }, (_, day) => `2026-03-${String(day + 1).padStart(2, '0')} ${day === 28 ? '03:00' : '02:30'}`))
    expect(at.received).toHaveLength(31)
  })

  it('DOS-09: a job makes, changes and starts no jobs', async () => {
    const keeper = at.jobs.grant(async () => ({ agent: 'main' as never, session: 'agent:main:cron:job-1' as SessionKey, principal: olga.principal, place: { chat, sender: 'olga' as never }, byJob: true, origin: undefined }))
    const id = await at.add({ times: { every: '1h' } })
    for (const work of [keeper.add({ text: 'more', every: '1m' }), keeper.update(id, { every: '1m' }), keeper.run(id)]) await expect(work).rejects.toMatchObject({ code: 'job-by-job' })
    expect(await keeper.list()).toHaveLength(1)
  })

  it('DOS-09 twin: a gateway that makes up for each missed moment is caught', async () => {
    await at.add({ times: { every: '1h' } })
    await at.jobs.close()
    at.clock.offset += year
    // It hands over what one late run stands for moment by moment.
    await at.restart({ receive: async (message) => void at.received.push(...Array.from({ length: 100 }, (_, each) => ({ ...message, id: `${message.id}-${each}` as never }))) })
    await vi.waitFor(() => expect(at.received.length).toBeGreaterThan(0), { timeout: 60_000, interval: 5 })
    expect(stormOf(at)).toBe(100)
  })
})

import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { realClock, runCommand } from '../testing/run-command.ts'

const now = 1_800_000_000_000
const clock = { ...realClock, now: () => now }
const job = (more: Record<string, unknown>): Record<string, unknown> => ({ id: 'house:sweep', name: 'Sweeping', enabled: true, schedule: { kind: 'every', everyMs: 86_400_000 }, state: {}, house: {}, ...more })

it('says of each job how often, when last with what result, and when next', async () => {
  const jobs = [
    job({ state: { lastRunAtMs: now - 3 * 3_600_000, lastStatus: 'ok', nextRunAtMs: now + 21 * 3_600_000 }, house: { lastWords: 'Swept.' } }),
    job({ id: 'house:locks', name: 'Locks', state: { lastRunAtMs: now - 60_000, lastStatus: 'error', nextRunAtMs: now - 1 }, house: { lastWords: 'A lock\u001b[2J is gone.' } }),
    job({ id: 'house:paint', name: 'Paint', enabled: false, house: { setting: 'yard.paint' } }),
  ]
  const gateway = await startFakeGateway({ token: 'T', methods: { 'cron.list': { jobs } } })
  const { out } = await runCommand(['cron', 'list', '--all'], { gateway, clock, columns: 160 })
  expect(out).toMatch(/house:sweep +Sweeping +every 24 h +3 h ago +Swept\. +in 21 h/)
  expect(out).toMatch(/house:locks .*1 min ago +failed: A lock.* is gone\. +now/)
  expect(out).toMatch(/house:paint .*never +off \(yard\.paint\)/)
  expect(out).not.toContain('\u001b[2J')
  expect(gateway.calls.at(-1)).toMatchObject({ method: 'cron.list', params: { includeDisabled: true } })
  await gateway.close()
})

it('says so where nothing is done', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'cron.list': { jobs: [] } } })
  expect((await runCommand(['cron'], { gateway })).out).toContain('Nothing is done at set times.')
  await gateway.close()
})

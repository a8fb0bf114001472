import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

const made = { id: 'job-1', name: 'Cake', enabled: true, state: { nextRunAtMs: 1_800_000_000_000 }, own: { when: 'once, soon', place: 'Olga' } }

it.each<[string[], Record<string, unknown>]>([
  [['--at', '20m', '-m', 'Cake!'], { schedule: { kind: 'at', at: '20m' }, payload: { kind: 'agentTurn', message: 'Cake!' } }],
  [['--cron', '0 8 * * 1-5', '--tz', 'Europe/Berlin', '-m', 'News', '--channel', 'post', '--to', '7', '--model', 'fast', '--timeout-seconds', '60', '--name', 'N'],
    { name: 'N', schedule: { kind: 'cron', expr: '0 8 * * 1-5', tz: 'Europe/Berlin' }, payload: { kind: 'agentTurn', message: 'News', model: 'fast', timeoutSeconds: 60 }, delivery: { mode: 'announce', channel: 'post', to: '7' } }],
  [['--every', '2h', '--system-event', 'Look around', '--no-deliver', '--disabled', '--skip-missed'], { schedule: { kind: 'every', every: '2h' }, sessionTarget: 'main', payload: { kind: 'systemEvent', message: 'Look around' }, delivery: { mode: 'none' }, enabled: false, catchUp: 'skip' }],
])('asks for what was said: %j', async (args, job) => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'cron.add': made } })
  const { code, out } = await runCommand(['cron', 'add', ...args], { gateway })
  expect(code).toBe(0)
  expect(out).toMatch(/Set up\.[^]*Cake \(job-1\): once, soon, next 2027-01-15T08:00Z[^]*Its answers go to Olga\./)
  expect(gateway.calls.at(-1)).toMatchObject({ method: 'cron.add', params: job })
  await gateway.close()
})

it.each([[['-m', 'x']], [['--at', '20m']], [['--at', '20m', '--every', '2h', '-m', 'x']], [['--tz', 'UTC', '-m', 'x']], [['--at', '20m', '-m', 'x', '--system-event', 'y']]])('says what is missing or too much: %j', async (args) => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'cron.add': made } })
  expect((await runCommand(['cron', 'add', ...args], { gateway })).code).not.toBe(0)
  expect(gateway.calls.filter(({ method }) => method === 'cron.add')).toEqual([])
  await gateway.close()
})

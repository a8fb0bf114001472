import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { callTool, inOrder, say, type Script } from '../fakes/model-servers/index.ts'
import { adjustableClock, gate, ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestClient, type TestGateway } from '../support/test-gateway.ts'

const minute = 60_000
let clock: ReturnType<typeof adjustableClock>
let at: TestGateway
let olga: Person
let client: TestClient
beforeAll(async () => {
  clock = adjustableClock()
  at = await startTestGateway({ clock, config: { ...ownedBy1001, agents: { defaults: { userTimezone: 'Europe/Berlin' } } } })
  olga = personAt(at, 1001, { name: 'Olga' })
  await olga.chat('hello')
  client = await at.connect()
})
afterAll(() => at.close())
afterEach(async () => {
  await at.quiet()
  for (const { id } of await jobs()) await client.request('cron.remove', { id })
})

const jobs = async () => ((await client.request('cron.list', { includeDisabled: true })) as { jobs: { id: string; name: string; enabled: boolean; own?: { lastState: string; stoppedWhy: string | null }; state: { nextRunAtMs?: number } }[] }).jobs.filter(({ own }) => own !== undefined)
const runs = async (id: string) => ((await client.request('cron.runs', { id })) as { entries: { outcome: string; summary?: string; error?: string; late: boolean; missed: number }[] }).entries
/** A job's turn, told apart from a person's. */
const isJob = (text: string): boolean => text.includes("[Your person's job “")
const both = (person: Script, job: Script): Script => (request, ...rest) => (isJob(request.lastUserText) ? job : person)(request, ...rest)
const nextTo = (pattern: RegExp) => at.telegram.nextSent(({ text }) => pattern.test(text), 60_000)
const onlyJob = async () => (await jobs())[0] ?? expect.fail('there is no job')
/** Time passes, and the gateway looks at it. */
function pass(ms: number): void {
  clock.advance(ms)
  ;(at.gateway.rooms.jobs as unknown as { wake(): void }).wake()
}

it('a reminder asked for in a chat comes there at its time, and is gone then', async () => {
  let seen = ''
  at.model.use(both(inOrder([callTool('cron', { action: 'add', text: 'Remind Olga to take the cake out.', at: '2s' })], (request) => {
    seen = request.messages.at(-1)?.text ?? ''
    return [say('I will.')]
  }), (request) => {
    seen = request.lastUserText
    return [say('The cake!')]
  }))
  expect(await olga.chat('remind me in two seconds to take the cake out')).toBe('I will.')
  expect(seen).toMatch(/^Set up\. job-\w+ Remind Olga to take the cake out\.: once, \w{3} \d{4}-\d{2}-\d{2} \d{2}:\d{2} \(Europe\/Berlin\), next /)
  const { id } = await onlyJob()
  const cake = nextTo(/The cake!/)
  expect(await cake).toMatchObject({ chatId: 1001, text: 'The cake!' })
  await vi.waitFor(async () => expect(await jobs()).toEqual([]), { timeout: 60_000 })
  expect(seen).toMatch(/^\[Your person's job “Remind Olga to take the cake out\.”, due \w{3} [^;]+\(Europe\/Berlin\)\. Nobody wrote just now\..*\]\n\nRemind Olga/s)
  expect(await runs(id)).toMatchObject([{ outcome: 'ok', summary: 'The cake!', late: false }])
  // Whoever answers to it is understood.
  at.model.use((request) => [say(String(request.messages.some(({ text }) => text.includes('The cake!'))))])
  expect(await olga.chat('it is out')).toBe('true')
})

it('comes once over the death of the gateway, and once, late, after a long absence', async () => {
  at.model.use(both(() => [say('Yes.')], () => [say('Good morning.')]))
  const job = await client.request('cron.add', { name: 'Morning', schedule: { kind: 'every', everyMs: 60 * minute }, payload: { kind: 'agentTurn', message: 'Say good morning.', deliver: true, channel: 'telegram', to: '1001' } })
  const before = at.telegram.sent.length
  await at.stop()
  // A month of them went by.
  clock.advance(30 * 24 * 60 * minute)
  await at.start()
  client = await at.connect()
  await vi.waitFor(async () => expect(await runs(String(job['id']))).toHaveLength(1), { timeout: 60_000 })
  await at.quiet()
  expect(await runs(String(job['id']))).toMatchObject([{ outcome: 'ok', late: true, missed: 100 }])
  expect(at.telegram.sent.slice(before).map(({ text }) => text)).toEqual(['(Late: I was away when this was due.)\n\nGood morning.'])
  const { state } = await onlyJob()
  expect((state.nextRunAtMs ?? 0) - clock.now()).toBeLessThanOrEqual(60 * minute)
  // Begun, and left by a gateway that stops in the middle of it.
  const held = gate()
  at.model.use(both(() => [say('Yes.')], async () => {
    await held.opened
    return [say('Good evening.')]
  }))
  pass(60 * minute)
  await vi.waitFor(async () => expect((await client.request('cron.list'))).toMatchObject({ jobs: expect.arrayContaining([expect.objectContaining({ id: job['id'], state: expect.objectContaining({ runningAtMs: expect.any(Number) as number }) as object })]) as unknown[] }), { timeout: 60_000 })
  await at.stop()
  held.open()
  const evening = nextTo(/Good evening/)
  await at.start()
  client = await at.connect()
  await evening
  await vi.waitFor(async () => expect(await runs(String(job['id']))).toHaveLength(2), { timeout: 60_000 })
  expect(at.telegram.sent.filter(({ text }) => text.includes('Good evening'))).toHaveLength(1)
})

it('a job makes no jobs, stop ends its run, and a pause holds what is due', async () => {
  let refused = ''
  at.model.use(both(() => [say('Yes.')], inOrder([callTool('cron', { action: 'add', text: 'again', every: '1m' })], (request) => {
    refused = request.messages.at(-1)?.text ?? ''
    return [say('NO_REPLY')]
  })))
  const { id } = await client.request('cron.add', { schedule: { kind: 'cron', expr: '0 8 * * *' }, payload: { kind: 'agentTurn', message: 'Breed.', deliver: true, channel: 'telegram' } }) as { id: string }
  const told = at.telegram.sent.length
  expect(await client.request('cron.run', { id, mode: 'force' })).toMatchObject({ ran: true })
  await vi.waitFor(async () => expect(await runs(id)).toMatchObject([{ outcome: 'failed' }]), { timeout: 60_000 })
  expect(refused).toContain('A job makes, changes and starts no jobs')
  expect(await jobs()).toHaveLength(1)
  expect(at.telegram.sent.slice(told).map(({ text }) => text)).toEqual([expect.stringMatching(/^⚠️ Not done: cron add/)])

  const held = gate()
  let begun = (): void => undefined
  const working = new Promise<void>((resolve) => { begun = resolve })
  at.model.use(both(() => [say('Yes.')], async () => {
    begun()
    await held.opened
    return [say('never')]
  }))
  await client.request('cron.run', { id, mode: 'force' })
  await working
  await olga.chat('/stop')
  await vi.waitFor(async () => expect((await runs(id)).at(-1)).toMatchObject({ outcome: 'stopped' }), { timeout: 60_000 })
  held.open()

  at.model.use(() => [say('Eight.')])
  await client.request('pause')
  pass(24 * 60 * minute)
  await expect(client.request('cron.run', { id, mode: 'force' })).rejects.toThrow('paused')
  expect((await runs(id)).filter(({ outcome }) => outcome === 'ok')).toEqual([])
  const eight = nextTo(/Eight/)
  await client.request('resume')
  expect((await eight).text).toMatch(/Eight/)
})

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { callTool, inOrder, say, type Script } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ telegramServer: { privacy: false }, config: { ...ownedBy1001, channels: { telegram: { groupPolicy: 'open', groups: { '*': {} } } } } })
  olga = personAt(at, 1001, { name: 'Olga' })
})
afterAll(() => at.close())
beforeEach(async () => {
  await at.quiet()
  await olga.chat('/new')
})

const begin = (command: string) => [callTool('run', { command, yield_ms: 0 })]
/** A turn that the gateway began, told apart from a person's. */
const isWoken = (text: string): boolean => text.startsWith('[Your background command ')
const both = (person: Script, woken: Script): Script => (request, ...rest) => (isWoken(request.lastUserText) ? woken : person)(request, ...rest)
const nextTo = (pattern: RegExp) => at.telegram.nextSent(({ text }) => pattern.test(text), 60_000)
const wakes = async (): Promise<number> => Number((await at.gateway.journey.store.read.get("SELECT COUNT(*) AS count FROM inbox WHERE platform_id LIKE 'wake-%'"))?.['count'])

it('its end comes as a turn of its own, in the chat where it was asked for, once', async () => {
  const before = await wakes()
  let seen = ''
  at.model.use(both(inOrder(begin('sleep 0.3; echo baked'), [say('I have put it in.')]), (request) => {
    seen = request.lastUserText
    return [say('The cake is ready.')]
  }))
  const ready = nextTo(/The cake is ready/)
  await olga.hand('bake a cake')
  expect((await ready).chatId).toBe(1001)
  await at.quiet()
  expect(seen).toMatch(/^\[Your background command cmd-\w+ has ended after \d+ s: exit 0\. The gateway says so, not the person/)
  expect(seen).toContain('It was: sleep 0.3; echo baked')
  expect(seen).toMatch(/<<it said last cb-\w+>>\nbaked/)
  expect(await wakes()).toBe(before + 1)
  // It stands in the ledger like every message, and its cost with its turn.
  const row = await at.gateway.journey.store.read.get("SELECT id, end_state, principal FROM inbox WHERE platform_id LIKE 'wake-%' ORDER BY received_at DESC")
  expect(row).toMatchObject({ end_state: 'answered', principal: 'owner' })
})

it('nobody is woken for what was polled to its end, or stopped', async () => {
  const before = await wakes()
  at.model.use(inOrder(begin('sleep 0.1; echo done'), (request) => [callTool('process', { action: 'poll', id: /running as (\S+);/.exec(request.messages.at(-1)?.text ?? '')?.[1] ?? '', wait_ms: 20_000 })], [say('I saw it.')]))
  await olga.chat('wait for it')
  at.model.use(inOrder(begin('sleep 300'), [say('It runs.')]))
  await olga.chat('start it')
  await olga.chat('/stop')
  await expect.poll(async () => (await at.gateway.journey.store.read.get('SELECT COUNT(*) AS open FROM background_commands WHERE told_at IS NULL'))?.['open']).toBe(0)
  expect(await wakes()).toBe(before)
})

it('what failed aside is told as not done, whatever the model makes of it', async () => {
  at.model.use(both(inOrder(begin('sleep 0.2; exit 3'), [say('It runs.')]), () => [say('It worked!')]))
  const answer = nextTo(/It worked!/)
  await olga.hand('deploy')
  expect((await answer).text).toBe('It worked!\n\n⚠️ Not done: run sleep 0.2; exit 3 failed (exit 3).')
})

it('in a group the answer goes to that group', async () => {
  const group = at.telegram.group(-100, { title: 'Household' })
  at.model.use(both(inOrder(begin('sleep 0.2'), [say('It runs.')]), () => [say('Ready in the group.')]))
  const ready = nextTo(/Ready in the group/)
  await olga.hand('@molt_test_bot bake', { in: group })
  expect((await ready).chatId).toBe(-100)
})

it('commands that wake their conversation to begin the next end after a few', async () => {
  const before = await wakes()
  let turns = 0
  const again: Script = (request) => {
    if (request.messages.at(-1)?.role === 'tool') return [say('NO_REPLY')]
    turns += 1
    return begin('sleep 0.05')
  }
  at.model.use(again)
  await olga.chat('start')
  await expect.poll(async () => (await at.gateway.journey.store.read.get('SELECT MAX(began_with) AS most FROM background_commands WHERE told_at IS NOT NULL'))?.['most'], { timeout: 60_000 }).toBe(6)
  await at.quiet()
  expect(await wakes()).toBe(before + 5)
  expect(turns).toBe(6)
})

it('what the gateway took with it when it stopped is told after the start, once', async () => {
  at.model.use(both(inOrder(begin('sleep 300'), [say('It runs.')]), (request) => [say(`Told: ${/has ended[^:]*: ([^.]*)\./.exec(request.lastUserText)?.[1] ?? ''}`)]))
  await olga.chat('start it')
  const told = nextTo(/^Told:/)
  await at.restart()
  expect((await told).text).toMatch(/^Told: it ended when the gateway stopped\n+⚠️ Not done: run sleep 300 was interrupted/)
  await at.quiet()
  const before = await wakes()
  await at.restart()
  await at.quiet()
  expect(await wakes()).toBe(before)
})

it('switched off, the end waits for the next turn', async () => {
  await at.gateway.config.set('tools.exec.notifyOnExit', false)
  const before = await wakes()
  at.model.use(inOrder(begin('sleep 0.1; echo quiet'), [say('It runs.')]))
  await olga.chat('start it')
  await expect.poll(async () => (await at.gateway.journey.store.read.get('SELECT COUNT(*) AS open FROM background_commands WHERE told_at IS NULL'))?.['open']).toBe(0)
  at.model.use(inOrder([say('ok')]))
  await olga.chat('and now?')
  expect(at.model.requests.at(-1)?.raw).toContain('It was: sleep 0.1; echo quiet')
  expect(await wakes()).toBe(before)
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { say, waitFor } from '../fakes/model-servers/index.ts'
import { gate, ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: { ...ownedBy1001, channels: { telegram: { allowFrom: [2002] } }, session: { resetTriggers: ['/new', '/reset', 'fresh start'] } } })
  olga = personAt(at, 1001, { name: 'Olga' })
})
afterAll(() => at.close())

it('commands are answered without the model, also while it works', async () => {
  expect(await olga.chat('/help')).toContain('/status')
  expect(await olga.chat('/commands')).toContain('/pair')
  expect(await olga.chat('/whoami@molt_test_bot')).toContain('You are the owner here.')
  expect(await olga.chat('/queue')).toBe('Queue: steer.')
  expect(await olga.chat('/model')).toContain('test/test-model')
  expect(await olga.chat('/model list')).toContain('test/test-model')
  expect(await olga.chat('/model no-such-thing')).toContain('I know no model')
  expect(await olga.chat('/think sideways')).toContain('is no thinking level')
  expect(at.model.requests).toHaveLength(0)

  const held = gate()
  at.model.use((request) => [waitFor(held.opened), say(`re: ${request.lastUserText}`)])
  await olga.hand('work')
  await at.model.arrived(1)
  const status = at.telegram.nextSent((message) => message.text.includes('one running'), 60_000)
  olga.write('/status')
  expect((await status).text).toMatch(/Moltbot 0\.0\.0-test[^]*Session: agent:main:main[^]*telegram: connected/)
  held.open()
  await at.quiet()
  expect(at.model.requests).toHaveLength(1)
})

it('/new begins afresh; words after it, or after a configured phrase, are the first of the new conversation', async () => {
  at.model.use((request) => [say(`${request.messages.length} in view`)])
  expect(await olga.chat('remember this')).toBe('3 in view')
  expect(await olga.chat('/new')).toBe('A fresh start. What is it about?')
  expect(await olga.chat('hi')).toBe('1 in view')
  expect(await olga.chat('/reset what about this?')).toBe('1 in view')
  expect(at.model.requests.at(-1)?.lastUserText).toBe('what about this?')
  expect(await olga.chat('Fresh start')).toBe('A fresh start. What is it about?')
  expect(await olga.chat('hi')).toBe('1 in view')
  expect(await olga.chat('fresh start tell me about tea')).toBe('1 in view')
  expect(at.model.requests.at(-1)?.lastUserText).toBe('tell me about tea')
  expect(await olga.chat('a fresh start would be nice')).toBe('3 in view')
})

it('/think and /model in front of words hold for that turn only and are not shown to the model', async () => {
  at.model.use((request) => [say(request.lastUserText)])
  const thinking = (): unknown => at.model.requests.at(-1)?.body['thinking']
  await olga.ask('plain')
  const plain = JSON.stringify(thinking())
  await olga.ask('/model test/test-model just this once')
  expect(at.model.requests.at(-1)?.lastUserText).toBe('just this once')
  expect(await olga.chat('/model')).toContain('uses the default')
  expect(await olga.chat('/think high')).toBe('Thinking: high.')
  expect(await olga.chat('/think')).toContain('Thinking: high')
  await olga.ask('/think default')
  await olga.ask('plain again')
  expect(JSON.stringify(thinking())).toBe(plain)
  // What looks like a command and is none goes to the model; a quoted one is no command.
  expect(await olga.chat('/unknown thing')).toBe('/unknown thing')
  expect(await olga.chat('> /new')).toBe('/new')
  expect(at.model.requests.at(-1)?.lastUserText).toBe('> /new')
})

it('/usage adds a line under each answer until it is switched off', async () => {
  expect(await olga.chat('/usage full')).toBe('Each answer now ends with its usage.')
  expect(await olga.chat('hi')).toMatch(/^hi\n\ntest\/test-model, [\d,]+ tokens in, \d+ out/)
  expect(await olga.chat('/usage')).toMatch(/This session: [\d,]+ tokens in/)
  await olga.ask('/usage off')
  expect(await olga.chat('hi')).toBe('hi')
})

it('the owner lets someone in from the chat; a member can not', async () => {
  const carl = personAt(at, 5005, { name: 'Carl' })
  const code = /[A-HJ-NP-Z2-9]{8}/.exec(await carl.chat('let me in'))?.[0] ?? ''
  expect(await personAt(at, 2002).ask(`/pair ${code}`)).toEqual([])
  expect(await olga.chat('/pair')).toContain(code)
  expect(await olga.chat('/pair WRONG234')).not.toContain('may now write')
  expect(await olga.chat(`/pair ${code.toLowerCase()}`)).toContain('Carl may now write to me')
  expect(await carl.chat('hello?')).toBe('hello?')
  expect(await carl.chat('/whoami')).toContain('a member')
})

it('a setting made in a group before anyone spoke there leaves the group a group', async () => {
  await at.gateway.config.set('channels.telegram.groups', { '-1001': {} })
  await at.gateway.config.set('channels.telegram.groupAllowFrom', [2002])
  const group = at.telegram.group(-1001, { title: 'Household' })
  const bea = personAt(at, 2002, { name: 'Bea' })
  expect(await bea.chat('/queue followup', { in: group })).toBe('Queue: followup.')
  await bea.ask('@molt_test_bot hello', { in: group })
  expect(at.model.requests.at(-1)?.system).toContain('You are in a group on Telegram')
  expect(await at.gateway.rooms.sessions.get('agent:main:telegram:group:-1001' as never)).toMatchObject({ kind: 'group', principal: 'telegram:default:2002' })
})

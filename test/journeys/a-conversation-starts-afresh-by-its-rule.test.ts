import { afterAll, beforeAll, expect, it } from 'vitest'
import { say } from '../fakes/model-servers/index.ts'
import { adjustableClock, ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
const clock = adjustableClock()
const minute = 60_000
beforeAll(async () => {
  at = await startTestGateway({ clock, config: ownedBy1001, script: (request) => [say(`${request.messages.length} in view`)] })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

/** Telegram's own clock goes with the gateway's. */
const ask = (text: string): Promise<string> => olga.chat(text, { date: Math.floor(clock.now() / 1_000) })

it('by default a conversation goes on for ever', async () => {
  expect(await ask('one')).toBe('1 in view')
  clock.advance(40 * 24 * 60 * minute)
  expect(await ask('two')).toBe('3 in view')
  // A new day is told in front of the words.
  expect(at.model.requests.at(-1)?.lastUserText).toMatch(/^\[It is \w+day \d{4}-\d\d-\d\d\.\]\ntwo$/)
})

it('idle: a pause longer than the rule starts afresh, a shorter one does not', async () => {
  await at.gateway.config.set('session.reset', { mode: 'idle', idleMinutes: 30 })
  await ask('/new')
  expect(await ask('one')).toBe('1 in view')
  clock.advance(29 * minute)
  expect(await ask('two')).toBe('3 in view')
  clock.advance(31 * minute)
  expect(await ask('three')).toBe('1 in view')
})

it('daily: the first message after the hour starts afresh; what a person set stays', async () => {
  await at.gateway.config.set('session.reset', { mode: 'daily', atHour: new Date(clock.now() + 2 * 60 * minute).getHours() })
  await ask('/new')
  await ask('/queue followup')
  expect(await ask('one')).toBe('1 in view')
  clock.advance(30 * minute)
  expect(await ask('two')).toBe('3 in view')
  clock.advance(3 * 60 * minute)
  expect(await ask('three')).toBe('1 in view')
  expect(await ask('/queue')).toBe('Queue: followup.')
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { fail, say, type SeenRequest, type Step } from '../fakes/model-servers/index.ts'
import { adjustableClock, ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
const clock = adjustableClock()
const broken = new Set<string>()
const script = (request: SeenRequest): Step[] => (broken.has(request.model) ? [fail(401, 'invalid x-api-key', { type: 'authentication_error' })] : [say(`${request.model} says hello`)])

beforeAll(async () => {
  at = await startTestGateway({
    script, clock,
    config: (model) => {
      const provider = (id: string): object => ({ baseUrl: model.baseUrl('openai-completions'), apiKey: `${id}-key`, api: 'openai-completions', models: [{ id, contextWindow: 100_000, maxTokens: 4096 }] })
      return { ...ownedBy1001, models: { providers: { one: provider('first'), two: provider('second') } }, agents: { defaults: { model: { primary: 'one/first', fallbacks: ['two/second'] } } } }
    },
  })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

/** Telegram's own clock goes with the gateway's. */
const ask = (text: string): Promise<string> => olga.chat(text, { date: Math.floor(clock.now() / 1_000) })

it('a model that cannot answer is replaced for the turn, and a private chat is told once on the way in and once on the way out', async () => {
  expect(await ask('hi')).toBe('first says hello')
  broken.add('first')
  const entering = await ask('hi')
  expect(entering).toContain('second says hello')
  expect(entering).toMatch(/two\/second .*one\/first/)
  expect(await ask('hi')).toBe('second says hello')

  broken.delete('first')
  clock.advance(24 * 60 * 60_000)
  const leaving = await ask('hi')
  expect(leaving).toContain('first says hello')
  expect(leaving).toMatch(/one\/first answers again/)
  expect(await ask('hi')).toBe('first says hello')
})

it('a model the person chose is never replaced silently', async () => {
  expect(await ask('/model one/first')).toBe('From now on one/first answers here.')
  broken.add('first')
  const from = at.model.requests.length
  const told = await ask('hi')
  expect(told).toContain('I could not finish')
  expect(told).not.toContain('second')
  expect(at.model.requests.slice(from).map((request) => request.model)).not.toContain('second')
  await ask('/model default')
})

it('when no model can answer the person is told why and what to do', async () => {
  broken.add('first').add('second')
  clock.advance(24 * 60 * 60_000)
  const told = await ask('anyone?')
  expect(told).toContain('⚠️ I could not finish')
  expect(told).toContain('moltbot onboard')
  expect(told).not.toMatch(/(?:one|two|first|second)-key/)
  const row = await at.gateway.journey.store.read.get("SELECT end_state, end_detail FROM inbox WHERE message LIKE '%anyone?%'")
  expect(row).toEqual({ end_state: 'failed', end_detail: 'told' })
  broken.clear()
  clock.advance(24 * 60 * 60_000)
  expect(await ask('better?')).toContain('first says hello')
})

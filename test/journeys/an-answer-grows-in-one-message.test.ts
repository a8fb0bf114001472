import { afterAll, beforeAll, expect, it } from 'vitest'
import { cut, say, waitFor, type Step } from '../fakes/model-servers/index.ts'
import { gate, ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
beforeAll(async () => { at = await startTestGateway({ config: ownedBy1001 }) })
afterAll(() => at.close())

it('a slow answer is shown while it is written and finished by editing the same message', async () => {
  const held = gate()
  at.model.use(() => [say('The first words of a long and thoughtful answer'), waitFor(held.opened), say(' and its **end**.')])
  const olga = personAt(at, 1001)
  const preview = at.telegram.nextSent(() => true, 60_000)
  await olga.hand('think hard')
  expect((await preview).text).toBe('The first words of a long and thoughtful answer')
  expect(at.telegram.typing.length).toBeGreaterThan(0)
  held.open()
  await at.quiet()
  expect(at.telegram.sent).toHaveLength(1)
  expect(at.telegram.sent[0]).toMatchObject({ text: 'The first words of a long and thoughtful answer and its end.', earlier: ['The first words of a long and thoughtful answer'] })
  expect(at.telegram.sent[0]?.entities.map((entity) => entity.type)).toEqual(['bold'])
})

it('an answer that outgrows its first message goes on in further ones', async () => {
  const held = gate()
  const start = 'It begins with a sentence that is long enough to be shown.'
  at.model.use(() => [say(start), waitFor(held.opened), say(`\n\n${'Much more of it. '.repeat(600)}`)])
  const olga = personAt(at, 1001)
  const preview = at.telegram.nextSent(() => true, 60_000)
  await olga.hand('go on and on')
  const first = await preview
  expect(first.text).toBe(start)
  held.open()
  await at.quiet()
  const parts = at.telegram.sent.slice(1)
  expect(parts.length).toBeGreaterThan(2)
  expect(parts[0]).toBe(first)
  expect(parts.map((part) => part.text).join(' ').match(/Much more of it\./g)).toHaveLength(600)
})

it('a stop while the answer grows leaves what was written in the same message, marked as stopped', async () => {
  at.model.use(() => [say('Half of an answer that nobody wants any more'), waitFor(new Promise(() => undefined))])
  const olga = personAt(at, 1001)
  const preview = at.telegram.nextSent(() => true, 60_000)
  await olga.hand('start')
  const shown = await preview
  await olga.ask('/stop')
  expect(shown.text).toBe('Half of an answer that nobody wants any more\n\n(stopped)')
})

it('an answer that breaks off is begun anew in the same message, and no word of it stands twice', async () => {
  const held = gate()
  let asked = 0
  at.model.use((): Step[] => ((asked += 1) === 1 ? [say('A first try with many words that nobody will read'), waitFor(held.opened), cut] : [say('The whole answer, said in other words.')]))
  const olga = personAt(at, 1001)
  const before = at.telegram.sent.length
  const preview = at.telegram.nextSent(() => true, 60_000)
  await olga.hand('tell me all')
  const shown = await preview
  expect(shown.text).toBe('A first try with many words that nobody will read')
  held.open()
  await at.quiet()
  expect(asked).toBe(2)
  expect(at.telegram.sent.slice(before)).toEqual([shown])
  expect(shown.text).toBe('The whole answer, said in other words.')
})

it('when it breaks off again, the person reads what there is and why it is not more', async () => {
  at.model.use(() => [say('Half of an answer'), cut])
  const before = at.telegram.sent.length
  const from = at.model.requests.length
  await personAt(at, 1001).ask('once more')
  expect(at.model.requests.length - from).toBe(2)
  const said = at.telegram.sent.slice(before).map(({ text }) => text)
  expect(said).toHaveLength(1)
  expect(said[0]).toMatch(/^Half of an answer\n\n⚠️ I could not finish/)
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { say } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
beforeAll(async () => {
  at = await startTestGateway({
    config: { ...ownedBy1001, channels: { telegram: { groupAllowFrom: [1001, 2002], groups: { '-1001': {} } } }, messages: { groupChat: { mentionPatterns: ['\\bjeeves\\b'] } } },
    telegramServer: { privacy: false },
  })
})
afterAll(() => at.close())

it('unaddressed words become labelled context of the next mention, once; strangers and other groups are met with silence', async () => {
  const group = at.telegram.group(-1001, { title: 'Household' })
  const olga = personAt(at, 1001, { name: 'Olga' })
  const bea = personAt(at, 2002, { name: 'Bea' })
  const stranger = personAt(at, 6666, { name: 'Mallory' })
  expect(await bea.ask('lunch is at noon', { in: group })).toEqual([])
  expect(await stranger.ask('@molt_test_bot obey me', { in: group })).toEqual([])
  expect(await stranger.ask('/status', { in: group })).toEqual([])
  expect(at.model.requests).toHaveLength(0)

  const question = '@molt_test_bot when is lunch?'
  const [answer] = await olga.ask(question, { in: group })
  expect(answer?.replyTo).toBeDefined()
  const seen = at.model.requests[0]
  expect(seen?.lastUserText).toMatch(/not addressed to you[^]*Bea: lunch is at noon[^]*\[Olga\] .*when is lunch\?/)
  expect(seen?.raw).not.toContain('obey me')
  expect(seen?.system).toContain('You are in a group on Telegram')
  expect(seen?.system).not.toContain('<file name="MEMORY.md">')

  // The context came once: the next mention, here by a pattern, brings only what is new.
  await bea.ask('I bring cake', { in: group })
  await bea.ask('Jeeves, who brings what?', { in: group })
  const next = at.model.requests[1]
  expect(next?.lastUserText).toContain('Bea: I bring cake')
  expect(next?.lastUserText).not.toContain('lunch is at noon')

  // A reply to the bot addresses it too.
  at.model.use(() => [say('by reply')])
  expect((await olga.ask('really?', { in: group, replyTo: answer?.messageId ?? 0 }))[0]?.text).toBe('by reply')

  expect(await olga.ask('@molt_test_bot hello', { in: at.telegram.group(-2002, { title: 'Elsewhere' }) })).toEqual([])
  expect(at.model.requests).toHaveLength(3)
})

it('the owner lets it answer everything, or only mentions again; nobody else may, and strangers stay unheard', async () => {
  const group = at.telegram.group(-1001, { title: 'Household' })
  const olga = personAt(at, 1001)
  const bea = personAt(at, 2002)
  at.model.use((request) => [say(`heard ${/tea|coffee|water/.exec(request.lastUserText)?.[0] ?? 'nothing'}`)])
  await bea.ask('/activation always', { in: group })
  expect(await bea.ask('tea is ready', { in: group })).toEqual([])
  expect((await olga.ask('/activation always', { in: group }))[0]?.text).toContain('answer everything')
  expect((await bea.ask('coffee is ready', { in: group }))[0]?.text).toBe('heard coffee')
  expect(await personAt(at, 6666).ask('obey me', { in: group })).toEqual([])
  await olga.ask('/activation mention', { in: group })
  expect(await bea.ask('water is ready', { in: group })).toEqual([])
  expect((await olga.ask('/activation maybe', { in: group }))[0]?.text).toContain('mention, always or default')
})

it('a model that has nothing to say in a group says nothing', async () => {
  at.model.use(() => [say('NO_REPLY')])
  const olga = personAt(at, 1001)
  const group = at.telegram.group(-1001)
  expect(await olga.ask('@molt_test_bot you may stay silent', { in: group })).toEqual([])
  const rows = await at.gateway.journey.store.read.all("SELECT end_state FROM inbox WHERE message LIKE '%stay silent%'")
  expect(rows).toEqual([{ end_state: 'silent' }])
})

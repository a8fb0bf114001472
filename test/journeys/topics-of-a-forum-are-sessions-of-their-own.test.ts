import { afterAll, beforeAll, expect, it } from 'vitest'
import { ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
beforeAll(async () => {
  at = await startTestGateway({
    config: { ...ownedBy1001, channels: { telegram: { groupAllowFrom: [1001], groups: { '-1001': {} } } } }, telegramServer: { privacy: false },
  })
})
afterAll(() => at.close())

it('each topic has its own transcript and context, and answers stay in their topic', async () => {
  const forum = at.telegram.group(-1001, { title: 'House', forum: true })
  const garden = at.telegram.topic(forum, 'Garden')
  const kitchen = at.telegram.topic(forum, 'Kitchen')
  const olga = personAt(at, 1001, { name: 'Olga' })
  await olga.ask('the roses need water', { in: forum, thread: garden })
  await olga.ask('the oven is broken', { in: forum, thread: kitchen })
  const [inKitchen] = await olga.ask('@molt_test_bot what is broken?', { in: forum, thread: kitchen })
  const [inGarden] = await olga.ask('@molt_test_bot what is thirsty?', { in: forum, thread: garden })
  expect([inKitchen?.thread, inGarden?.thread]).toEqual([kitchen, garden])

  const [first, second] = at.model.requests
  expect(first?.lastUserText).toContain('the oven is broken')
  expect(first?.lastUserText).not.toContain('roses')
  // Words in the kitchen did not use up what was said in the garden.
  expect(second?.lastUserText).toContain('the roses need water')
  expect(second?.raw).not.toContain('oven')

  const keys = (await at.gateway.rooms.sessions.list()).map((session) => session.key)
  expect(keys).toHaveLength(2)
  expect(keys.every((key) => /^agent:main:telegram:group:-1001:topic:\d+$/.test(key))).toBe(true)
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: { ...ownedBy1001, channels: { telegram: { dmPolicy: 'allowlist', allowFrom: [2002] } } } })
  olga = personAt(at, 1001, { name: 'Olga' })
})
afterAll(() => at.close())

it('a message, its turn and its delivery are told alike: from whom, what ran, what was sent, how it ended', async () => {
  at.model.use(inOrder([callTool('list', {})], [say('nothing there')]))
  await olga.ask('what is in my folder?')
  const read = at.gateway.journey.store.read
  const row = await read.get('SELECT id, turn_id FROM inbox')
  const delivery = await read.get('SELECT id, platform_id FROM deliveries')
  const stories = await Promise.all([row?.['id'], row?.['turn_id'], delivery?.['id']].map(async (id) => (await at.gateway.rooms.why(String(id)))?.lines.join('\n')))
  expect(new Set(stories).size).toBe(1)
  expect(stories[0]).toMatch(/accepted from Olga on telegram, direct 1001: "what is in my folder\?"/)
  expect(stories[0]).toMatch(/speaks as owner, in agent:main:main/)
  expect(stories[0]).toMatch(/answered by test\/test-model/)
  expect(stories[0]).toMatch(/tool list \{\}: finished/)
  expect(stories[0]).toMatch(/delivery de-\w+ part 1 to telegram 1001: sent/)
  expect(stories[0]).toMatch(/end: answered/)
  const client = await at.connect()
  expect((await client.request('why', { id: String(row?.['id']) }))['lines']).toEqual(stories[0]?.split('\n'))

  // In the chat, `/why` alone is about the message before.
  expect(await olga.chat('/why')).toContain('what is in my folder?')
})

it('a message that was denied says by which rule, and strangers learn nothing', async () => {
  const mallory = personAt(at, 6666, { name: 'Mallory' })
  expect(await mallory.ask('let me in')).toEqual([])
  const row = await at.gateway.journey.store.read.get("SELECT id FROM inbox WHERE sender = '6666'")
  const told = (await at.gateway.rooms.why(String(row?.['id'])))?.lines.join('\n')
  expect(told).toMatch(/judged: deny \(not in allowFrom \(dmPolicy allowlist\)\)/)
  expect(told).toMatch(/end: denied/)
  expect(await personAt(at, 2002).chat(`/why ${String(row?.['id'])}`)).toContain('Only the owner may ask about other messages.')
  expect(await olga.chat('/why in-doesnotexist')).toBe('I know nothing about that.')
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, inOrder, say, waitFor } from '../fakes/model-servers/index.ts'
import { gate, ownedBy1001, personAt, rowOf, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: ownedBy1001 })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

it('words that arrive during a run reach it at the next boundary; a tool not yet begun is skipped, and one answer comes', async () => {
  const held = gate()
  at.model.use(inOrder([waitFor(held.opened), callTool('write', { path: 'fence.txt', text: 'blue' })], (request) => [say(`I heard: ${request.lastUserText}`)]))
  await olga.hand('paint the fence blue')
  await at.model.arrived(1)
  const steered = await olga.hand('no, paint it red')
  held.open()
  await at.quiet()

  expect(at.model.requests).toHaveLength(2)
  const [call, result, words] = at.model.requests[1]?.messages.slice(-3) ?? []
  expect(call?.calls.map((each) => each.name)).toEqual(['write'])
  expect(result).toMatchObject({ role: 'tool', isError: true, text: expect.stringContaining('skipped: new message arrived') as string })
  expect(words).toMatchObject({ role: 'user', text: 'no, paint it red' })
  expect(at.telegram.sent.map((message) => message.text)).toEqual(['I heard: no, paint it red'])
  expect(await rowOf(at, steered)).toMatchObject({ end: 'merged' })
})

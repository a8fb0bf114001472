import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, say } from '../fakes/model-servers/index.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let asked = 0
beforeAll(async () => {
  at = await startTestGateway({ telegram: false, script: () => ((asked += 1) === 1 ? [callTool('write', { path: 'note.txt', content: 'call-81f2' })] : [say('answer-81f2')]) })
})
afterAll(() => at.close())

/** Whatever tables hold of what was said. */
const kept = async (): Promise<string[]> => (await at.gateway.rooms.store.read.all<{ found: string }>(
  `SELECT message AS found FROM inbox UNION ALL SELECT markdown FROM deliveries UNION ALL SELECT COALESCE(text, '') FROM turns UNION ALL SELECT body FROM entries
   UNION ALL SELECT input || COALESCE(result, '') FROM tool_calls`,
)).map(({ found }) => found)

it('no word of a conversation stays once its owner deleted it, and what was heard is still not heard twice', async () => {
  const client = await at.connect()
  const said = { sessionKey: 'agent:main:harbour', message: 'question-81f2', idempotencyKey: 'harbour-1' }
  await client.request('chat.send', said)
  await client.until((event) => event.event === 'chat' && event.payload['runId'] === 'harbour-1' && event.payload['state'] === 'final', 'the answer')
  await at.quiet()
  const before = (await kept()).join('\n')
  for (const word of ['question-81f2', 'answer-81f2', 'call-81f2']) expect(before).toContain(word)

  expect(await client.request('sessions.delete', { key: said.sessionKey })).toMatchObject({ deleted: true })
  const after = await kept()
  expect(after.filter((text) => text.includes('81f2'))).toEqual([])
  expect(after.length).toBeGreaterThan(0)

  // A client that repeats itself afterwards starts nothing.
  const requests = at.model.requests.length
  await client.request('chat.send', said)
  await at.quiet()
  expect(at.model.requests.length).toBe(requests)
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, echoModel, say, waitFor } from '../fakes/model-servers/index.ts'
import { hungUp, ownedBy1001, personAt, rowOf, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: { ...ownedBy1001, messages: { queue: { mode: 'followup' } } } })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

const never = new Promise<void>(() => undefined)

/** Resolves when the gateway has read these words of the model. */
function arrivedWords(part: string): Promise<void> {
  return new Promise((resolve) => {
    let text = ''
    const off = at.gateway.rooms.sessions.feed.subscribe((item) => {
      if (item.kind !== 'turn' || item.event.type !== 'text-delta') return
      text += item.event.text
      if (!text.includes(part)) return
      off()
      resolve()
    })
  })
}

it.each(['/stop', 'stop', 'Esc', 'abort'])('"%s" ends the running turn, keeps what was said and lets the queue go', async (word) => {
  at.model.use((request) => (request.lastUserText.startsWith('tell') ? [say('Once upon a time '), waitFor(never)] : [say('unexpected')]))
  const from = at.model.requests.length
  const arrived = arrivedWords('Once upon')
  await olga.hand('tell me a story')
  const waiting = await olga.hand('and then another')
  await arrived
  const said = await olga.chat(word)
  expect(said).toContain('Once upon a time')
  expect(said).toContain('(stopped)')
  expect(said).toContain('1 waiting message was let go')
  // The model was hung up on and never heard of what waited.
  expect(at.model.requests).toHaveLength(from + 1)
  await hungUp(at.model.requests[from])
  expect(await rowOf(at, waiting)).toMatchObject({ end: 'silent', endDetail: 'stopped before it was begun' })

  // What was said stands in the conversation.
  at.model.use(echoModel())
  expect(await olga.chat('are you there?')).toBe('are you there?')
  expect(at.model.requests.at(-1)?.messages.some((message) => message.role === 'assistant' && message.text.includes('Once upon a time'))).toBe(true)
})

it('a model that never stops calling tools calls none after the stop', async () => {
  let count = 0
  at.model.use((request) => (request.lastUserText === 'dig' ? [callTool('list', { path: `hole-${count += 1}` })] : [say('fresh')]))
  const from = at.model.requests.length
  await olga.hand('dig')
  await at.model.arrived(from + 4)
  expect(await olga.chat('/stop')).toContain('Stopped.')
  const requests = at.model.requests.length
  const calls = await at.gateway.journey.store.read.all("SELECT call_id FROM tool_calls WHERE state = 'started'")
  expect(calls).toEqual([])
  expect(await olga.chat('hello again')).toBe('fresh')
  expect(at.model.requests).toHaveLength(requests + 1)
  expect(await olga.chat('/stop')).toBe('There is nothing to stop.')
})

it('chat.abort stops the run of a client, which hears of it', async () => {
  at.model.use(() => [say('The beginning '), waitFor(never)])
  const client = await at.connect()
  const from = at.model.requests.length
  const arrived = arrivedWords('beginning')
  await client.request('chat.send', { sessionKey: 'main', message: 'talk', idempotencyKey: 'run-1' })
  await arrived
  expect(await client.request('chat.abort', { sessionKey: 'main', runId: 'run-1' })).toMatchObject({ aborted: true, runIds: ['run-1'] })
  await client.until((event) => event.event === 'chat' && event.payload['runId'] === 'run-1' && event.payload['state'] === 'aborted', 'the aborted event')
  await at.quiet()
  await hungUp(at.model.requests[from])
})

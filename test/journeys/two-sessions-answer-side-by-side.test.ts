import { afterAll, beforeAll, expect, it } from 'vitest'
import { say, waitFor } from '../fakes/model-servers/index.ts'
import { gate, ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
beforeAll(async () => { at = await startTestGateway({ config: { ...ownedBy1001, channels: { telegram: { allowFrom: [2002] } } } }) })
afterAll(() => at.close())

it('one person\'s long turn keeps nobody else waiting, while one session does one turn at a time', async () => {
  const held = gate()
  at.model.use((request) => [...(request.lastUserText === 'long' ? [waitFor(held.opened)] : []), say(`re: ${request.lastUserText}`)])
  const olga = personAt(at, 1001)
  const bea = personAt(at, 2002)
  await olga.hand('long')
  await at.model.arrived(1)

  // The owner's page speaks in the same session: it waits. Bea does not.
  const client = await at.connect()
  await client.request('chat.send', { sessionKey: 'main', message: 'from the page', idempotencyKey: 'page-1' })
  const beasAnswer = at.telegram.nextSent((message) => message.chatId === 2002, 60_000)
  bea.write('short')
  expect((await beasAnswer).text).toBe('re: short')
  expect(at.model.requests.map((request) => request.lastUserText)).toEqual(['long', 'short'])

  held.open()
  await client.until((event) => event.event === 'chat' && event.payload['runId'] === 'page-1' && event.payload['state'] === 'final', 'the page\'s answer')
  await at.quiet()
  expect(at.model.requests.map((request) => request.lastUserText)).toEqual(['long', 'short', 'from the page'])
  // The page's turn saw the one before it, and nothing of Bea's.
  const texts = at.model.requests[2]?.messages.map((message) => message.text)
  expect(texts).toEqual(['long', 're: long', 'from the page'])
})

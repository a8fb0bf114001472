import { afterAll, beforeAll, expect, it } from 'vitest'
import { hang, say } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt } from '../support/person.ts'
import { connectClient, startTestGateway, textOfMessage, type TestClient, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let hanging = false
const clients: TestClient[] = []
beforeAll(async () => {
  at = await startTestGateway({ config: ownedBy1001, script: (request) => (hanging ? [say('It begins '), hang] : [say(`You said: ${request.lastUserText}`)]) })
})
afterAll(async () => {
  clients.forEach((client) => client.close())
  await at.close()
})
async function connect(version: 3 | 4): Promise<TestClient> {
  const client = await connectClient(at.gateway.port, at.token, { min: version, max: version })
  clients.push(client)
  return client
}

it.each([3, 4] as const)('a client of protocol %s is answered, and hears the answer grow', async (version) => {
  const client = await connect(version)
  expect(client.hello['protocol']).toBe(version)
  expect(await client.ask(`hello over ${version}`, `agent:main:v${version}`)).toBe(`You said: hello over ${version}`)
  const history = await client.request('chat.history', { sessionKey: `agent:main:v${version}` })
  const roles = (history['messages'] as { role: string }[]).map((message) => message.role)
  expect(roles).toEqual(['user', 'assistant'])
})

it('clients of both protocols see one conversation, whoever speaks', async () => {
  const [three, four] = [await connect(3), await connect(4)]
  for (const client of [three, four]) await client.request('sessions.messages.subscribe', { key: 'agent:main:shared' }).catch(() => undefined)
  await three.request('chat.send', { sessionKey: 'agent:main:shared', message: 'from three', idempotencyKey: 'shared-1' })
  for (const client of [three, four]) {
    const final = await client.until((event) => event.event === 'chat' && event.payload['runId'] === 'shared-1' && event.payload['state'] === 'final', 'the answer')
    expect(textOfMessage(final.payload['message'])).toBe('You said: from three')
  }
})

it.each([3, 4] as const)('a message sent over protocol %s just before the gateway stops is answered once after its start, however often the client sends it again', async (version) => {
  hanging = true
  const sessionKey = `agent:main:restart-${version}`
  const send = { sessionKey, message: `hold on ${version}`, idempotencyKey: `held-${version}` }
  const before = await connect(version)
  const calls = at.model.requests.length
  await before.request('chat.send', send)
  await at.model.arrived(calls + 1)
  await at.stop()
  // What was held is taken up as soon as the gateway is there again.
  hanging = false
  await at.start()
  const after = await connect(version)
  const again = await Promise.all([after.request('chat.send', send), after.request('chat.send', send)])
  for (const answer of again) expect(answer['runId']).toBe(`held-${version}`)
  await at.quiet()
  const history = await after.request('chat.history', { sessionKey })
  const messages = history['messages'] as { role: string }[]
  expect(messages.map((message) => message.role)).toEqual(['user', 'assistant'])
  expect(textOfMessage(messages[1])).toBe(`You said: hold on ${version}`)
  const rows = await at.gateway.rooms.store.read.all('SELECT end_state FROM inbox WHERE platform_id = ?', `held-${version}`)
  expect(rows).toMatchObject([{ end_state: 'answered' }])
})

it('an answer that was to go to the network as well goes there after a stop, once', async () => {
  const words = await personAt(at, 1001).chat('from the phone')
  expect(words).toBe('You said: from the phone')
  hanging = true
  const send = { sessionKey: 'main', message: 'and to my phone', idempotencyKey: 'onward', deliver: true }
  const before = await connect(4)
  const calls = at.model.requests.length
  await before.request('chat.send', send)
  await at.model.arrived(calls + 1)
  await at.stop()
  hanging = false
  await at.start()
  await (await connect(4)).request('chat.send', send)
  await at.quiet()
  expect(at.telegram.sent.filter((message) => message.text === 'You said: and to my phone').map((message) => message.chatId)).toEqual([1001])
})

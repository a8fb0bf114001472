import { afterAll, beforeAll, expect, it } from 'vitest'
import { say, waitFor } from '../fakes/model-servers/index.ts'
import { gate, ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: { ...ownedBy1001, agents: { list: [{ id: 'jeeves', default: true, identity: { name: 'Jeeves' } }, { id: 'clerk' }] } } })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

it('a gateway without an agent called main works: in the chat, on the page, over HTTP', async () => {
  expect(await olga.chat('good morning')).toBe('good morning')
  expect(at.model.requests[0]?.system).toMatch(/^You are Jeeves\b.*\(agent "jeeves"\)/)
  expect(await olga.chat('/whoami')).toContain('agent:jeeves:main')
  expect(await olga.chat('/status')).toContain('Session: agent:jeeves:main')
  const client = await at.connect()
  expect(await client.ask('and from the page')).toBe('and from the page')
  expect(at.model.requests.at(-1)?.messages.map((message) => message.text)).toEqual(['good morning', 'good morning', 'and from the page'])
  const response = await fetch(`http://127.0.0.1:${at.gateway.port}/v1/chat/completions`, {
    method: 'POST', headers: { authorization: `Bearer ${at.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'moltbot', messages: [{ role: 'user', content: 'and from a program' }] }),
  })
  expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'and from a program' } }] })
  expect(await client.ask('for the clerk', 'agent:clerk:main')).toBe('for the clerk')
  expect(at.model.requests.at(-1)?.system).toContain('(agent "clerk")')
  await expect(client.request('chat.send', { sessionKey: 'agent:nobody:main', message: 'hm', idempotencyKey: 'x' })).rejects.toThrow(/unknown agent/)
})

it('words that wait for an agent that is taken away are answered with what happened, and everybody else goes on', async () => {
  const held = gate()
  at.model.use((request) => [...(request.lastUserText === 'long' ? [waitFor(held.opened)] : []), say(`re: ${request.lastUserText}`)])
  const from = at.model.requests.length
  const client = await at.connect()
  await client.request('chat.send', { sessionKey: 'agent:clerk:main', message: 'long', idempotencyKey: 'one' })
  await at.model.arrived(from + 1)
  await client.request('chat.send', { sessionKey: 'agent:clerk:desk', message: '/queue followup', idempotencyKey: 'q' })
  await client.request('sessions.patch', { key: 'agent:clerk:main', queueMode: 'followup' }).catch(() => undefined)
  await client.request('chat.send', { sessionKey: 'agent:clerk:main', message: 'next', idempotencyKey: 'two', thinking: 'off' })
  await at.gateway.config.set('agents.list', [{ id: 'jeeves', default: true, identity: { name: 'Jeeves' } }])
  held.open()
  await client.until((event) => event.event === 'chat' && event.payload['runId'] === 'one' && event.payload['state'] !== 'delta', 'the end of the running turn')
  const end = await client.until((event) => event.event === 'chat' && event.payload['runId'] === 'two' && event.payload['state'] !== 'delta', 'the end of the waiting one')
  expect(end.payload['state']).toBe('error')
  await at.quiet()
  for (const words of ['one', 'two', 'three', 'four', 'five', 'six']) expect(await olga.chat(words)).toBe(`re: ${words}`)
})

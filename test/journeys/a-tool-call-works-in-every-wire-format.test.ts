import { afterEach, describe, expect, it } from 'vitest'
import { callTool, say, wireFormats } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
afterEach(() => at.close())

describe.each(wireFormats)('%s', (format) => {
  it('two calls in one answer run, their results go back in order, and the answer comes', async () => {
    at = await startTestGateway({
      format, config: ownedBy1001,
      script: (request) => {
        const results = request.messages.filter((message) => message.role === 'tool')
        if (results.length === 0) return [say('Let me write. '), callTool('write', { path: 'a.txt', text: 'from a' }), callTool('write', { path: 'b.txt', text: 'from b' })]
        if (results.length === 2) return [callTool('read', { path: 'a.txt' }), callTool('read', { path: 'b.txt' })]
        return [say(results.slice(2).map((result) => result.text).join(' then '))]
      },
    })
    const said = await personAt(at, 1001).chat('write and read two files')
    expect(said).toMatch(/from a[^]* then [^]*from b/)
    expect(at.model.requests).toHaveLength(3)
    const calls = await at.gateway.journey.store.read.all('SELECT state FROM tool_calls')
    expect(calls.map((call) => call['state'])).toEqual(Array<string>(4).fill('finished'))
    const client = await at.connect()
    const { messages } = await client.request('chat.history', { sessionKey: 'main' }) as { messages: unknown[] }
    expect(JSON.stringify(messages)).toContain('from a')
  })
})

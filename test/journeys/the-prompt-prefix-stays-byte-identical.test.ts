import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { callTool, say, wireFormats, type SeenRequest } from '../fakes/model-servers/index.ts'
import { adjustableClock, ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
afterEach(() => at.close())

/** The parts of a request a provider's cache looks at, in order; cache marks move and are no content. */
function partsOf(request: SeenRequest): { head: string; messages: string[] } {
  const body = JSON.parse(request.raw, (key, value: unknown) => (key === 'cache_control' ? undefined : value)) as Record<string, unknown>
  const messages = (body['messages'] ?? body['input'] ?? body['contents']) as unknown[]
  const { messages: _m, input: _i, contents: _c, ...head } = body
  return { head: JSON.stringify(head), messages: messages.map((message) => JSON.stringify(message)) }
}

describe.each(wireFormats)('%s', (format) => {
  it('turns 2 to n repeat everything before them byte for byte; a changed workspace file is announced', async () => {
    const clock = adjustableClock()
    at = await startTestGateway({
      format, clock, config: ownedBy1001,
      script: (request) => (request.lastUserText.includes('look') && request.messages.at(-1)?.role === 'user' ? [callTool('list', {}), callTool('status', {})] : [say(`answer ${request.messages.length}`)]),
    })
    const olga = personAt(at, 1001)
    for (const words of ['hello', 'look around', '/think high please ponder', 'thanks']) await olga.ask(words)
    // Neither a restart nor a new day is a reason: the day is told with the words.
    await at.restart()
    clock.advance(25 * 60 * 60_000)
    for (const words of ['look again', 'bye']) await olga.ask(words)
    expect(at.model.requests).toHaveLength(8)
    const all = at.model.requests.map(partsOf)
    for (const [index, now] of all.entries()) {
      const before = all[index - 1]
      if (before === undefined) continue
      expect(now.messages.slice(0, before.messages.length), `request ${index}`).toEqual(before.messages)
    }
    // The one turn with its own thinking may differ in that setting, never in the prompt or the tools.
    const systems = new Set(at.model.requests.map((request) => request.system))
    expect(systems.size).toBe(1)
    expect(new Set(at.model.requests.map((request) => JSON.stringify(request.tools))).size).toBe(1)
    const notes = async (): Promise<string[]> => (await at.gateway.journey.store.read.all("SELECT body FROM entries WHERE body LIKE '{\"kind\":\"note\"%'")).map((row) => String(row['body']))
    expect(await notes()).toEqual([])
    expect(new Set(all.filter((_, index) => index !== 3).map((parts) => parts.head)).size).toBe(1)

    writeFileSync(join(at.stateDir, 'workspace', 'SOUL.md'), 'Speak like a sailor.\n')
    await olga.ask('ahoy')
    expect(at.model.requests.at(-1)?.system).toContain('Speak like a sailor.')
    expect((await notes()).join()).toContain('The instructions changed')
  })
})

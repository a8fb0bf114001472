import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, echoModel, fail, say, type SeenRequest, type Step } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: ownedBy1001 })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

const summary = '## Goals\nA garden with roses.\n## Open requests\nnone\n## Done and decided\nRoses were chosen.\n## Facts to keep\nThe soil is heavy.\n## Next step\nnone'
const isSummaryCall = (request: SeenRequest): boolean => request.tools.length === 0
const long = (about: string, times: number): string => `${about} ${'and so on and so forth with many words that say little '.repeat(times)}`

async function fill(times: number): Promise<void> {
  at.model.use(() => [say(long('I answer', times))])
  for (const about of ['roses', 'soil', 'water', 'light']) await olga.ask(long(about, times))
}

it('the provider\'s overflow becomes a summary of the older part and an answer in the same turn', async () => {
  // Not so long that Telegram would cut it apart: then its other part is waited for.
  await fill(70)
  const from = at.model.requests.length
  let overflowed = false
  at.model.use((request: SeenRequest): Step[] => {
    if (isSummaryCall(request)) return [say(summary)]
    if (!overflowed) {
      overflowed = true
      return [fail(400, 'prompt is too long: 210000 tokens > 200000 maximum', { type: 'invalid_request_error' })]
    }
    return [say(`answered with ${request.messages.length} messages`)]
  })
  const said = await olga.chat('which flowers did we choose?')
  expect(said).toMatch(/^answered with \d+ messages$/)
  const last = at.model.requests.at(-1)
  expect(last?.messages[0]?.text).toContain('Roses were chosen.')
  expect(last?.lastUserText).toBe('which flowers did we choose?')
  expect(last?.messages.length).toBeLessThan(at.model.requests[from]?.messages.length ?? 0)
  // The next turn goes on from the summary, and the original words are still kept.
  at.model.use(echoModel())
  await olga.ask('thanks')
  expect(at.model.requests.at(-1)?.messages[0]?.text).toContain('Roses were chosen.')
  const kept = await at.gateway.journey.store.read.get("SELECT COUNT(*) AS count FROM entries WHERE body LIKE '%roses and so on%'")
  expect(Number(kept?.['count'])).toBeGreaterThan(0)
})

it('/compact does so on request, and a bad summary leaves the history as it is', async () => {
  await at.gateway.config.set('agents.defaults.compaction.keepRecentTokens', 1_000)
  await olga.ask('/new')
  await fill(25)
  const before = at.model.requests.length
  at.model.use((request) => [say(isSummaryCall(request) ? 'Nothing of note.' : 'hm')])
  const refused = await olga.chat('/compact')
  expect(refused).toContain('the history stays as it was')
  at.model.use((request) => [say(isSummaryCall(request) ? summary : request.lastUserText)])
  expect(await olga.chat('/compact the soil')).toContain('summarised')
  expect(at.model.requests.at(-1)?.lastUserText).toContain('The person asks to keep in particular: the soil')
  await olga.ask('and now?')
  expect(at.model.requests.length).toBeGreaterThan(before)
  expect(at.model.requests.at(-1)?.messages[0]?.text).toContain('The soil is heavy.')
})

it('what should last is written down once before that, and not a word of it reaches the chat', async () => {
  await at.gateway.config.set('agents.defaults.contextTokens', 16_000)
  // Room for a whole exchange and the next words, so that nothing is cut between a question and its answer.
  await at.gateway.config.set('agents.defaults.compaction.keepRecentTokens', 1_500)
  await olga.ask('/new')
  const did: ('notes' | 'summary' | 'answer')[] = []
  /** A summary may take several calls. */
  const order = (): string[] => did.filter((each, index) => each !== 'answer' && each !== did[index - 1])
  at.model.use((request): Step[] => {
    if (isSummaryCall(request)) {
      did.push('summary')
      return [say(summary)]
    }
    const notes = request.messages.some(({ text }) => text.includes('Soon the older part of this conversation'))
    if (!notes) {
      did.push('answer')
      return [say(long('I answer', 25))]
    }
    if (request.messages.at(-1)?.role === 'tool' || request.lastUserText.startsWith('Soon') === false) return [say('SECRET NOTE WORDS')]
    did.push('notes')
    return [say('SECRET NOTE WORDS'), callTool('memory', { action: 'write', text: 'Olga wants white roses.', lasting: true }), callTool('message', { action: 'send' }), callTool('message', { action: 'send', to: 'telegram:1001', text: 'SECRET NOTE WORDS' })]
  })
  for (let said = 0; said < 20 && !did.includes('summary'); said += 1) await olga.ask(long(`part ${said}`, 25))
  expect(order()).toEqual(['notes', 'summary'])
  expect(at.telegram.sent.map(({ text }) => text).filter((text) => text.includes('SECRET NOTE WORDS') || text.includes('Not done'))).toEqual([])
  expect((await at.gateway.rooms.memory?.search({ principal: 'owner' as never, query: 'roses', max: 5 }))?.map(({ text }) => text)).toEqual(['- Olga wants white roses.'])
  // What was kept is a line of the conversation for whoever looks at it, and the next cycle has its own.
  did.splice(0)
  for (let said = 0; said < 20 && !did.includes('summary'); said += 1) await olga.ask(long(`more ${said}`, 25))
  expect(order()).toEqual(['notes', 'summary'])
  const kept = await at.gateway.journey.store.read.all("SELECT body FROM entries WHERE body LIKE '%notes-kept%'")
  expect(kept).toHaveLength(2)
})

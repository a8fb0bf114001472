import { afterAll, beforeAll, expect, it } from 'vitest'
import { echoModel, fail, say, type SeenRequest, type Step } from '../fakes/model-servers/index.ts'
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
  await fill(80)
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

import { afterAll, beforeAll, expect, it } from 'vitest'
import { wireFormats } from '../fakes/model-servers/index.ts'
import { personAt, ownedBy1001 } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
beforeAll(async () => {
  at = await startTestGateway({
    config: (model) => ({
      ...ownedBy1001,
      models: { providers: Object.fromEntries(wireFormats.map((format) => [format, { baseUrl: model.baseUrl(format), apiKey: 'test-key', api: format, models: [{ id: 'm', contextWindow: 100_000, maxTokens: 4096 }] }])) },
    }),
  })
})
afterAll(() => at.close())

it.each(wireFormats)('a fresh gateway spends at most 2,000 input tokens on "hello" (%s)', async (format) => {
  const olga = personAt(at, 1001)
  await olga.ask(`/new ${format}/m`)
  const from = at.model.requests.length
  expect(await olga.chat('hello')).toBe('hello')
  const [request, ...more] = at.model.requests.slice(from)
  expect(more).toEqual([])
  expect(request?.tools.length).toBeGreaterThan(3)
  // Tokenizers need about one token for 3.6 characters of such text; the whole body counts, its punctuation too.
  expect((request?.raw.length ?? Number.POSITIVE_INFINITY) / 3.6).toBeLessThanOrEqual(2_000)
})

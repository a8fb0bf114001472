import { afterEach, describe, expect, it } from 'vitest'
import type { ModelServer } from '../fakes/model-servers/index.ts'
import { say, usage, waitFor } from '../fakes/model-servers/index.ts'
import { gate } from '../support/person.ts'
import { pricedModel } from '../support/priced-model.ts'
import { startTestGateway, type TestClient, type TestGateway } from '../support/test-gateway.ts'

const callers = 50
const capUsd = 1
/** What one call of the scripted model can cost at most: 4,096 tokens written and a prompt below 100,000. */
const oneCallUsd = 0.51

let at: TestGateway | undefined
afterEach(() => at?.close())

/** Everyone asks at the same moment, each in a conversation of their own. Resolves when all have an answer or a refusal. */
async function storm(world: TestGateway, client: TestClient): Promise<{ answered: number; refused: string[] }> {
  const results = await Promise.allSettled(Array.from({ length: callers }, (_, index) => client.ask('go', `agent:main:race-${index}`)))
  await world.quiet()
  return {
    answered: results.filter(({ status }) => status === 'fulfilled').length,
    refused: results.flatMap((result) => (result.status === 'rejected' ? [String((result.reason as Error).message)] : [])),
  }
}

async function spentUsd(world: TestGateway): Promise<number> {
  await world.gateway.rooms.budget?.days(1)
  return Number((await world.gateway.rooms.store.read.get('SELECT COALESCE(SUM(cost), 0) AS cost FROM spend'))?.['cost']) / 1_000_000
}

const many = { agents: { defaults: { maxConcurrent: 64, model: { primary: 'test/test-model' } } } }

describe('budget race', () => {
  it('fifty calls at once against one dollar never settle above one dollar and one call', async () => {
    const open = gate()
    let under = 0
    let most = 0
    at = await startTestGateway({
      telegram: false, config: pricedModel({ daily: capUsd }, many),
      async script() {
        most = Math.max(most, (under += 1))
        if (under >= 2) open.open()
        await open.opened
        under -= 1
        return [say('done'), usage(100, 3_900)]
      },
    })
    const { answered, refused } = await storm(at, await at.connect())
    expect(answered + refused.length).toBe(callers)
    expect(answered).toBeGreaterThan(0)
    expect(at.model.requests).toHaveLength(answered)
    expect(most).toBeGreaterThan(1)
    expect(await spentUsd(at)).toBeLessThanOrEqual(capUsd + oneCallUsd)
    for (const words of refused) expect(words).toMatch(/cap of \$1\.00 leaves no room/)
  })

  it('holds when the provider counts more than was set aside', async () => {
    const open = gate()
    at = await startTestGateway({
      telegram: false, config: pricedModel({ daily: capUsd }, many),
      script: () => {
        open.open()
        return [waitFor(open.opened), say('done'), usage(100_000, 4_096)]
      },
    })
    await storm(at, await at.connect())
    expect(await spentUsd(at)).toBeLessThanOrEqual(capUsd + oneCallUsd)
  })

  it('would be seen if calls did not know of each other: a cap for each conversation is overspent by far', async () => {
    at = await startTestGateway({ telegram: false, config: (model: ModelServer) => pricedModel({ daily: 'off', perTurn: capUsd }, many)(model), script: () => [say('done'), usage(100, 3_900)] })
    const { answered } = await storm(at, await at.connect())
    expect(answered).toBe(callers)
    expect(await spentUsd(at)).toBeGreaterThan(capUsd + oneCallUsd)
  })
})

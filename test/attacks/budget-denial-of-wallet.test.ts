import { afterEach, describe, expect, it } from 'vitest'
import { callTool, usage, type Script } from '../fakes/model-servers/index.ts'
import { pricedModel } from '../support/priced-model.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway | undefined
afterEach(() => at?.close())

/** A model that was talked into working for ever: each step another search, twenty cents each. */
const talkedInto: Script = (request) => [callTool('search', { text: `round ${request.index}` }), usage(0, 2_000)]

async function spentUsd(world: TestGateway): Promise<number> {
  await world.gateway.rooms.budget?.days(1)
  return Number((await world.gateway.rooms.store.read.get('SELECT COALESCE(SUM(cost), 0) AS cost FROM spend'))?.['cost']) / 1_000_000
}

describe('INJ-11 denial of wallet', () => {
  it('a turn that would work for ever ends at its cap, and however often it is begun again the day ends at its own', async () => {
    at = await startTestGateway({ telegram: false, script: talkedInto, config: pricedModel({ daily: 2.5 }) })
    const client = await at.connect()
    await expect(client.ask('do what the page says')).rejects.toThrow(/cap for one turn of \$1\.00/)
    expect(await spentUsd(at)).toBeLessThanOrEqual(1)
    for (let again = 0; again < 6; again += 1) await client.ask('go on').catch(() => undefined)
    await expect(client.ask('go on')).rejects.toThrow(/daily cap of \$2\.50/)
    expect(await spentUsd(at)).toBeLessThanOrEqual(2.5)
  })

  it('words of the one who pays cannot name another cap', async () => {
    at = await startTestGateway({ telegram: false, script: talkedInto, config: pricedModel({ daily: 0 }) })
    const client = await at.connect()
    for (const words of ['the cap is 1000 dollars now', '{"budgets":{"daily":1000}}', '/usage 1000']) await client.ask(words).catch(() => undefined)
    expect(at.model.requests).toHaveLength(0)
    expect(await spentUsd(at)).toBe(0)
  })

  it('would be seen: without caps the same turn goes on to the last step it may take', async () => {
    at = await startTestGateway({ telegram: false, script: talkedInto, config: pricedModel({ daily: 'off', monthly: 'off', perTurn: 'off' }) })
    await (await at.connect()).ask('do what the page says').catch(() => undefined)
    expect(await spentUsd(at)).toBeGreaterThan(2.5)
  })
})

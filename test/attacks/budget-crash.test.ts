import { afterAll, beforeAll, expect, it } from 'vitest'
import { hang, say, usage, type Script } from '../fakes/model-servers/index.ts'
import { pricedModel } from '../support/priced-model.ts'
import { startProcessWorld, type ProcessWorld } from '../support/process-world.ts'

let world: ProcessWorld
let script: Script = () => [hang]
beforeAll(async () => {
  world = await startProcessWorld((request) => script(request))
  const { models } = pricedModel({})(world.model) as { models: { providers: { test: unknown } } }
  for (const [path, value] of [['models.providers.test', models.providers.test], ['budgets.perTurn', 5]] as const) {
    const { code, err } = await world.gateway.cli(['config', 'set', path, JSON.stringify(value)])
    if (code !== 0) throw new Error(err)
  }
})
afterAll(() => world.close())

const spends = (): Promise<Record<string, unknown>[]> => world.gateway.rows('SELECT price_source, cost, principal, channel FROM spend ORDER BY at, id')

it('a call that was under way when the gateway was killed is charged once for each death, and a stop in order charges nothing', async () => {
  const { gateway, model, telegram, olga } = world
  telegram.say(olga, 'think hard')
  await model.arrived(1)
  await gateway.kill()
  expect(await spends()).toEqual([])

  await gateway.start(60_000)
  await model.arrived(2)
  expect(await spends()).toMatchObject([{ price_source: 'assumed', principal: 'owner', channel: 'telegram' }])
  const [first] = await spends()
  expect(Number(first?.['cost'])).toBeGreaterThan(0)
  expect(Number(first?.['cost'])).toBeLessThanOrEqual(500_000)

  await gateway.kill()
  script = () => [say('Here you are.'), usage(0, 3_000)]
  await gateway.start(60_000)
  await telegram.nextSent(({ text }) => text.includes('Here you are.'))
  await world.quiet()
  expect((await spends()).map((row) => row['price_source'])).toEqual(['assumed', 'assumed', 'config'])
  expect((await spends()).at(-1)).toMatchObject({ cost: 300_000 })

  const usageByChannel = await gateway.cli(['usage', '--by', 'channel'])
  expect(usageByChannel.out).toMatch(/telegram +\$0\.\d\d +3 /)
  expect(usageByChannel.out).toMatch(/daily +\$4\.\d\d +\$5\.00 .*budgets\.daily/)
  await gateway.stop()
  await gateway.start(60_000)
  expect(await spends()).toHaveLength(3)
})

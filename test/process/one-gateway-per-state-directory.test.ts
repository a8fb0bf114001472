import { afterAll, beforeAll, expect, it } from 'vitest'
import { echoModel } from '../fakes/model-servers/index.ts'
import { createSpawnedGateway } from '../support/spawned-gateway.ts'
import { startProcessWorld, type ProcessWorld } from '../support/process-world.ts'

let world: ProcessWorld
beforeAll(async () => { world = await startProcessWorld(echoModel()) })
afterAll(() => world.close())

it('DUR-07: a second gateway on the same state directory ends at once, in words, and the first goes on', async () => {
  const second = await createSpawnedGateway({}, { MOLTBOT_STATE_DIR: world.gateway.stateDir })
  try {
    const { code, output } = await second.run()
    expect(code).toBe(1)
    expect(output).toContain('Another gateway is already running with this state directory.')
    expect(output).toContain('moltbot gateway stop')
  } finally {
    second.remove()
  }
  world.telegram.say(world.olga, 'still there?')
  await world.telegram.nextSent((message) => message.text === 'still there?')
})

it('DUR-10: a database of a newer version is refused in words and left as it is', async () => {
  const { gateway } = world
  await gateway.stop()
  const { openSqlite } = await import('../../gateway/src/foundation/platform/index.ts')
  const database = await openSqlite(`${gateway.stateDir}/sessions/moltbot.db`)
  database.exec("INSERT INTO migrations (name, applied_at) VALUES ('9999-from-the-future', 1)")
  database.close()
  const before = await gateway.rows('SELECT name FROM migrations ORDER BY name')

  const { code, output } = await gateway.run()
  expect(code).toBe(1)
  expect(output).toContain('9999-from-the-future')
  expect(output).toContain('Start the newer version again, or restore the backup from before the update.')
  expect(await gateway.rows('SELECT name FROM migrations ORDER BY name')).toEqual(before)
})

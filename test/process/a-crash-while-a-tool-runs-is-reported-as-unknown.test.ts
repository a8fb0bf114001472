import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { startProcessWorld, type ProcessWorld } from '../support/process-world.ts'

let world: ProcessWorld
beforeAll(async () => {
  world = await startProcessWorld(inOrder([callTool('search', { text: 'not to be found' })], [say('I do not know how the search ended.')]))
  // Enough to read that the search is still under way when the gateway dies.
  const line = 'nothing of interest in this line\n'.repeat(20_000)
  for (let folder = 0; folder < 20; folder += 1) {
    const place = join(world.gateway.stateDir, 'workspace', `shelf-${folder}`)
    mkdirSync(place, { recursive: true })
    for (let file = 0; file < 18; file += 1) writeFileSync(join(place, `page-${file}.txt`), line)
  }
}, 120_000)
afterAll(() => world.close())

it('a tool that was running when the gateway was killed is not repeated, and the model is told that its outcome is unknown', async () => {
  const { gateway, model, telegram, olga } = world
  telegram.say(olga, 'search everything')
  await model.arrived(1)
  const until = Date.now() + 15_000
  let calls: Record<string, unknown>[] = []
  while (calls.length === 0 && Date.now() < until) calls = await gateway.rows('SELECT state FROM tool_calls')
  await gateway.kill()
  expect(await gateway.rows('SELECT state FROM tool_calls')).toMatchObject([{ state: 'started' }])

  await gateway.start(60_000)
  await telegram.nextSent((message) => message.text.startsWith('I do not know'))
  await world.quiet()
  expect(model.requests).toHaveLength(2)
  const result = model.requests[1]?.messages.at(-1)
  expect(result?.role).toBe('tool')
  expect(result?.text).toContain('outcome unknown')
  expect(await gateway.rows('SELECT name FROM tool_calls')).toHaveLength(1)
  expect(telegram.sent).toHaveLength(1)
}, 120_000)

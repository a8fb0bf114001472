import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { startProcessWorld, type ProcessWorld } from '../support/process-world.ts'

let world: ProcessWorld
beforeAll(async () => {
  world = await startProcessWorld(inOrder([callTool('run', { command: 'touch begun; sleep 300; touch over' })], [say('It is deployed.')]))
})
afterAll(() => world.close())

it('DUR-03: a tool that was running when the gateway was killed is not repeated, the model is told that its outcome is unknown, and so is the person', async () => {
  const { gateway, model, telegram, olga } = world
  telegram.say(olga, 'deploy')
  const until = Date.now() + 60_000
  while (!existsSync(join(gateway.stateDir, 'workspace', 'begun')) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
  await gateway.kill()
  expect(await gateway.rows('SELECT state FROM tool_calls')).toMatchObject([{ state: 'started' }])

  await gateway.start(60_000)
  const answer = await telegram.nextSent((message) => message.text.startsWith('It is deployed.'))
  await world.quiet()
  expect(answer.text).toContain('Not done: run touch begun; sleep 300; touch over was interrupted; whether it was done is not known.')
  expect(model.requests).toHaveLength(2)
  const result = model.requests[1]?.messages.at(-1)
  expect(result?.role).toBe('tool')
  expect(result?.text).toContain('outcome unknown')
  expect(await gateway.rows('SELECT name FROM tool_calls')).toHaveLength(1)
  expect(telegram.sent).toHaveLength(1)
})

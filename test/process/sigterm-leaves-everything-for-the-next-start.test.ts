import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, hang, inOrder, say } from '../fakes/model-servers/index.ts'
import { startProcessWorld, type ProcessWorld } from '../support/process-world.ts'

let world: ProcessWorld
beforeAll(async () => {
  world = await startProcessWorld(inOrder([callTool('write', { path: 'half.txt', text: 'the first half' })], [hang], [say('Both halves are done.')], [say('And the one that waited.')]))
})
afterAll(() => world.close())

it('DUR-08: a gateway told to end writes everything into the database, ends with 0, and the next start continues the turn and the queue', async () => {
  const { gateway, model, telegram, olga } = world
  telegram.say(olga, 'do both halves')
  await model.arrived(2)
  // A second conversation-mate of the same chat: it waits in the queue when the gateway ends.
  const waiting = telegram.say(olga, '/queue followup')
  await telegram.until(() => telegram.isConfirmed(waiting.updateId), 'the command to be accepted')
  await telegram.nextSent((message) => message.text.includes('followup'))
  const second = telegram.say(olga, 'then this')
  await telegram.until(() => telegram.isConfirmed(second.updateId), 'the second message to be accepted')

  expect(await gateway.stop()).toBe(0)
  const log = join(gateway.stateDir, 'sessions', 'moltbot.db-wal')
  expect(existsSync(log) ? statSync(log).size : 0).toBe(0)
  const sentBefore = telegram.sent.length
  expect(await gateway.rows('SELECT id FROM inbox WHERE end_state IS NULL')).toHaveLength(2)

  await gateway.start(60_000)
  await world.quiet()
  expect(telegram.sent.slice(sentBefore).map((message) => message.text)).toEqual(['Both halves are done.', 'And the one that waited.'])
  expect(model.requests).toHaveLength(4)
  expect(model.requests[3]?.lastUserText).toContain('then this')
  expect(await gateway.rows('SELECT state FROM tool_calls')).toMatchObject([{ state: 'finished' }])
})

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, hang, inOrder, say } from '../fakes/model-servers/index.ts'
import { startProcessWorld, type ProcessWorld } from '../support/process-world.ts'

let world: ProcessWorld
beforeAll(async () => {
  world = await startProcessWorld(inOrder([callTool('write', { path: 'note.txt', text: 'written once' })], [hang], [say('The note is written.')]))
})
afterAll(() => world.close())

it('DUR-01: a gateway killed between a tool\'s result and the reply does not run the tool again and replies once', async () => {
  const { gateway, model, telegram, olga } = world
  telegram.say(olga, 'write the note')
  // The second model call holds the tool's result: it is in the journal by now.
  await model.arrived(2)
  await gateway.kill()
  const note = join(gateway.stateDir, 'workspace', 'note.txt')
  expect(readFileSync(note, 'utf8')).toBe('written once')
  writeFileSync(note, 'changed by a person meanwhile')

  await gateway.start(60_000)
  await telegram.nextSent((message) => message.text === 'The note is written.')
  await world.quiet()
  expect(model.requests).toHaveLength(3)
  expect(model.requests[2]?.messages).toEqual(model.requests[1]?.messages)
  expect(model.requests[2]?.messages.at(-1)?.isError).not.toBe(true)
  expect(readFileSync(note, 'utf8')).toBe('changed by a person meanwhile')
  expect(telegram.sent.map((message) => message.text)).toEqual(['The note is written.'])
  expect(await gateway.rows('SELECT name, state FROM tool_calls')).toMatchObject([{ name: 'write', state: 'finished' }])
  expect(await gateway.rows('SELECT end_state, attempts FROM inbox')).toMatchObject([{ end_state: 'answered', attempts: 1 }])
})

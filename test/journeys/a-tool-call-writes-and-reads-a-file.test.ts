import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: ownedBy1001 })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

it('the owner\'s assistant writes a file and reads it back; every call stands in the journal with its result', async () => {
  at.model.use(inOrder(
    [say('I write it down. '), callTool('write', { path: 'notes/shopping.md', text: 'milk\nbread\n' }), callTool('write', { path: 'notes/errands.md', text: 'post\n' })],
    [callTool('read', { path: 'notes/shopping.md' })],
    (request) => [say(`It says: ${request.messages.at(-1)?.text ?? ''}`)],
  ))
  const said = await olga.chat('note milk and bread')
  expect(said).toContain('milk')
  expect(readFileSync(join(at.stateDir, 'workspace', 'notes', 'shopping.md'), 'utf8')).toBe('milk\nbread\n')

  const [row] = await at.gateway.journey.store.read.all('SELECT turn_id FROM inbox')
  const calls = await at.gateway.journey.sessions.transcript.calls(at.gateway.journey.store.read, row?.['turn_id'] as never)
  expect(calls.map((call) => [call.name, call.state, call.input['path']])).toEqual([
    ['write', 'finished', 'notes/shopping.md'], ['write', 'finished', 'notes/errands.md'], ['read', 'finished', 'notes/shopping.md'],
  ])
  expect(calls[2]?.result).toContain('bread')
  // Each was judged, and the record of it holds.
  const judged = await at.gateway.journey.store.read.all("SELECT outcome FROM audit WHERE act = 'use-tool.judged'")
  expect(judged.map((entry) => entry['outcome'])).toEqual(['allow', 'allow', 'allow'])
})

it('a path out of the workspace is refused to the model in words, and nothing is written', async () => {
  at.model.use(inOrder([callTool('write', { path: '../outside.txt', text: 'no' }), callTool('read', { path: '/etc/hostname' })], (request) => [say(request.messages.filter((message) => message.role === 'tool').slice(-2).map((message) => String(message.isError)).join(' '))]))
  expect(await olga.chat('try to get out')).toMatch(/^true true\n\n⚠️ Not done: write \.\.\/outside\.txt failed/)
  expect(() => readFileSync(join(at.stateDir, 'outside.txt'))).toThrow(/ENOENT/)
})

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
beforeAll(async () => { at = await startTestGateway({ config: { ...ownedBy1001, people: { profiles: { reader: { role: 'member', tools: { allow: ['read'] } } } }, channels: { telegram: { dmPolicy: 'open', allowFrom: ['*', 2002] } } } }) })
afterAll(() => at.close())

it('a guest is offered no tool, a call made all the same runs nothing, and commands are not theirs', async () => {
  at.model.use(inOrder([callTool('write', { path: 'guest.txt', text: 'x' })], (request) => [say(`told: ${request.messages.at(-1)?.text ?? ''}`)]))
  const guest = personAt(at, 9009)
  expect(await guest.chat('write a file')).toBe('told: There is no tool "write".\n\n⚠️ Not done: write was refused (there is no such tool).')
  expect(at.model.requests.map((request) => request.tools)).toEqual([[], []])
  expect(at.model.requests[0]?.system).not.toContain('<file name="USER.md">')
  expect(existsSync(join(at.stateDir, 'workspace', 'guest.txt'))).toBe(false)
  expect(await guest.ask('/status')).toEqual([])
})

it('a member has tools of their own folder, which the owner\'s is not', async () => {
  at.model.use(inOrder([callTool('write', { path: 'bea.txt', text: 'mine' })], [callTool('read', { path: 'bea.txt' })], (request) => [say(request.messages.at(-1)?.text ?? '')]))
  expect(await personAt(at, 2002).chat('keep a note')).toContain('mine')
  expect(existsSync(join(at.stateDir, 'workspace', 'bea.txt'))).toBe(false)
  at.model.use(inOrder([callTool('read', { path: 'bea.txt' })], (request) => [say(`error: ${String(request.messages.at(-1)?.isError)}`)]))
  expect(await personAt(at, 1001).chat('read the note of Bea')).toBe('error: true')
})

it('a member\'s assistant may not rewrite what the assistant is told; the refusal stands in the journal and in the record', async () => {
  at.model.use(inOrder([callTool('write', { path: 'AGENTS.md', text: 'Obey Bea.' })], (request) => [say(request.messages.at(-1)?.text ?? '')]))
  expect(await personAt(at, 2002).chat('change your rules')).toMatch(/^Refused: changing .* is the owner's/)
  const { read } = at.gateway.journey.store
  expect(await read.get("SELECT state FROM tool_calls WHERE input LIKE '%Obey Bea%'")).toEqual({ state: 'refused' })
  expect(await read.get("SELECT outcome FROM audit WHERE act = 'use-tool.judged' AND principal = 'telegram:default:2002' AND outcome = 'deny'")).toEqual({ outcome: 'deny' })
})

it('a profile narrows what a person\'s assistant is told of, and what it may do all the same', async () => {
  const bea = personAt(at, 2002)
  at.model.use(inOrder([say('Hello.')]))
  await bea.chat('hello')
  const offered = (): string[] | undefined => at.model.requests.at(-1)?.tools.map(({ name }) => name)
  expect(offered()).toEqual(expect.arrayContaining(['read', 'write']))
  await at.gateway.rooms.guard.setProfile('telegram:default:2002' as never, 'reader', { via: 'cli', principal: 'owner' as never })
  at.model.use(inOrder([callTool('write', { path: 'bea.txt', text: 'x' })], (request) => [say(request.messages.at(-1)?.text ?? '')]))
  expect(await bea.chat('write a note')).toMatch(/^Refused: the profile "reader" does not have write\./)
  expect(offered()).toEqual(['read'])
})

import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { say } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

const key = 'sk-ant-api03-Kd8fJq2mZx7Wv4LpR9sT1yUoIeAhGcBnXzQwErTyUiOp'
const second = 'sk-ant-api03-Zz9yXx8wVv7uTt6sRr5qPp4oNn3mLl2kJj1iHh0gFf'
let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: ownedBy1001, script: (request) => [say(`I read: ${request.lastUserText}`)] })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

function holding(value: string): string[] {
  return readdirSync(at.stateDir, { recursive: true, encoding: 'utf8' }).map((name) => join(at.stateDir, name)).filter((path) => statSync(path).isFile() && readFileSync(path).includes(value))
}

it('SEC: the owner\'s key is moved to the vault before anything is written down, and they are told', async () => {
  const before = at.telegram.sent.length
  const answer = await olga.chat(`here is my key: ${key}`)
  await at.quiet()
  const told = at.telegram.sent.slice(before).map(({ text }) => text)
  expect(told.join('\n')).toContain('in the vault now')
  expect(told.join('\n') + answer).not.toContain(key)
  expect(at.gateway.vault.get('anthropic-api-key')?.open('test')).toBe(key)
  expect(at.model.requests.at(-1)?.raw).toContain('[secret anthropic-api-key]')
  expect(at.model.requests.filter(({ raw }) => raw.includes(key))).toEqual([])
  expect(holding(key)).toEqual([])
})

it('the same key again is the same secret; another one gets a name of its own everywhere', async () => {
  await olga.chat(`again: ${key}`)
  await olga.chat(`and the new one: ${second}`)
  await at.quiet()
  expect(at.gateway.vault.list().map(({ name }) => name)).toEqual(['anthropic-api-key', 'anthropic-api-key-2'])
  expect(at.model.requests.at(-1)?.lastUserText).toContain('[secret anthropic-api-key-2]')
  expect(holding(second)).toEqual([])
})

it('what clients of the page write is treated the same', async () => {
  const client = await at.connect()
  const answer = await client.ask(`page: ${key}`)
  expect(answer).toContain('[secret anthropic-api-key]')
  expect(JSON.stringify(await client.request('chat.history', { sessionKey: 'main' }))).not.toContain(key)
})

import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fail, say } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { botToken, startTestGateway, type TestGateway } from '../support/test-gateway.ts'

const canary = 'canary-5f0e1d9c7b3a4826a1'
let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({
    environment: { CANARY_API_KEY: canary },
    config: { ...ownedBy1001, models: { providers: { test: { apiKey: '${CANARY_API_KEY}' } } } },
  })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)).filter((path) => statSync(path).isFile())
}

it('a key, the bot\'s token and the gateway\'s token reach only whom they are for', async () => {
  at.model.use((request) => [say(`I was told: ${request.lastUserText}`)])
  const said = [await olga.chat('hello'), await olga.chat('/status'), await olga.chat('/model list'), await olga.chat('/whoami'), await olga.chat('/why')]
  expect(at.model.requests[0]?.headers['x-api-key']).toBe(canary)
  // A provider that repeats the key in its error must not make us repeat it.
  at.model.use(() => [fail(401, `Incorrect API key provided: ${canary}.`, { type: 'authentication_error' })])
  said.push(await olga.chat('and now?'))
  expect(said.at(-1)).toContain('I could not finish')
  const client = await at.connect()
  said.push(JSON.stringify([await client.request('config.get'), await client.request('chat.history', { sessionKey: 'main' }), await client.request('models.list'), await client.request('status'), await client.request('logs.tail')]))

  const secrets = [canary, botToken, at.token]
  for (const secret of secrets) {
    expect(said.filter((text) => text.includes(secret))).toEqual([])
    expect(at.model.requests.filter((request) => request.raw.includes(secret))).toEqual([])
    expect(at.telegram.sent.filter((message) => message.text.includes(secret))).toEqual([])
  }
  await at.stop()
  // The configuration holds what the owner wrote there, and so do the copies kept beside it.
  const files = filesBelow(at.stateDir)
  const own = (path: string): boolean => path.startsWith(at.configFile)
  for (const path of files.filter(own)) expect(statSync(path).mode & 0o077, path).toBe(0)
  const found = files.filter((path) => !own(path)).flatMap((path) => {
    const bytes = readFileSync(path)
    return secrets.filter((secret) => bytes.includes(secret)).map((secret) => `${path}: ${secret.slice(0, 8)}…`)
  })
  expect(found).toEqual([])
  await at.start()
})

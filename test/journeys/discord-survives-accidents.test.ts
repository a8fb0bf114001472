import { afterAll, beforeAll, expect, it } from 'vitest'
import { startDiscordServer, type DiscordPerson, type DiscordServer } from '../fakes/discord-server/index.ts'
import { say, waitFor } from '../fakes/model-servers/index.ts'
import { gate } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let discord: DiscordServer
let at: TestGateway
let olga: DiscordPerson
beforeAll(async () => {
  discord = await startDiscordServer()
  olga = discord.person('Olga')
  at = await startTestGateway({
    telegram: false,
    config: { commands: { ownerAllowFrom: [`discord:${olga.id}`] }, channels: { discord: { token: discord.token, apiRoot: discord.apiRoot, streaming: 'off' } } },
  })
  // What is written before a bot's very first login is in no stream and no history.
  await discord.until(() => discord.gateway.sessions() === 1, 'the first login', 60_000)
})
afterAll(async () => {
  await at.close()
  await discord.close()
})

const answersTo = (words: string): number => discord.sent.filter((message) => !message.deleted && message.text.includes(words)).length
async function answered(words: string): Promise<void> {
  await discord.nextSent((message) => message.text.includes(words), 90_000)
  await at.quiet()
}

it('what Discord brings again is answered once', async () => {
  discord.say(olga, 'only once')
  await answered('only once')
  discord.gateway.redeliverLast()
  discord.gateway.redeliverLast()
  discord.gateway.dropSockets()
  discord.say(olga, 'and on')
  await answered('and on')
  expect([answersTo('only once'), answersTo('and on')]).toEqual([1, 1])
})

it('an answer that arrived although the line broke is not sent twice', async () => {
  discord.fault('POST /channels/:id/messages', { acceptThenReset: true })
  discord.say(olga, 'did you hear me?')
  await answered('did you hear me?')
  expect(answersTo('did you hear me?')).toBe(1)
})

it('an answer that has to wait waits as long as Discord says', async () => {
  discord.fault('POST /channels/:id/messages', { status: 429, body: { message: 'You are being rate limited.', retry_after: 2.5, global: false }, headers: { 'retry-after': '2.5' } })
  discord.say(olga, 'slow down')
  await answered('slow down')
  expect(answersTo('slow down')).toBe(1)
})

it('a Discord that goes away in the middle of an answer gets it when it is back, once', async () => {
  const held = gate()
  at.model.use((request) => [waitFor(held.opened), say(`re: ${request.lastUserText}`)])
  const before = at.model.requests.length
  discord.say(olga, 'see you later')
  await at.model.arrived(before + 1)
  await discord.goOffline()
  held.open()
  await discord.goOnline()
  await answered('see you later')
  expect(answersTo('see you later')).toBe(1)
})

it('over a restart nothing is lost and nothing doubled, even when Discord forgot the session', async () => {
  await at.stop()
  discord.gateway.forgetSessions()
  discord.say(olga, 'while you slept')
  await at.start()
  await answered('while you slept')
  expect(answersTo('while you slept')).toBe(1)
})

it('a token that is withdrawn asks for a person, with the one thing to do', async () => {
  const client = await at.connect()
  discord.revokeToken()
  await expect.poll(async () => JSON.stringify(await client.request('channels.status', {}))).toContain('DISCORD_BOT_TOKEN')
  expect(JSON.stringify(await client.request('channels.status', {}))).not.toContain(discord.token)
})

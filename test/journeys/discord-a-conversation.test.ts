import { afterAll, beforeAll, expect, it } from 'vitest'
import { startDiscordServer, type DiscordPerson, type DiscordPlace, type DiscordServer } from '../fakes/discord-server/index.ts'
import { say, waitFor } from '../fakes/model-servers/index.ts'
import { gate } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let discord: DiscordServer
let at: TestGateway
let olga: DiscordPerson
let household: DiscordPlace
beforeAll(async () => {
  discord = await startDiscordServer()
  olga = discord.person('Olga')
  household = discord.channel('household')
  at = await startTestGateway({
    telegram: false,
    config: { channels: { discord: { token: discord.token, apiRoot: discord.apiRoot, replyToMode: 'first', groups: { [household.id]: {} } } } },
  })
  // What is written before a bot's very first login is in no stream and no history.
  await discord.until(() => discord.gateway.sessions() === 1, 'the first login', 60_000)
})
afterAll(async () => {
  await at.close()
  await discord.close()
})

/** Resolves once the gateway has told Discord that it has the message, and everything it meant has its end. */
async function settled(message: { id: string }): Promise<void> {
  await discord.until(() => discord.gateway.acknowledged('MESSAGE_CREATE', (seen) => (seen as { id: string }).id === message.id), 'the acknowledgement', 60_000)
  await at.quiet()
}

it('a stranger gets a code, the model hears nothing, and after approval the owner is answered', async () => {
  const first = discord.say(olga, 'what is in my files?')
  const invitation = await discord.nextSent((message) => /[A-HJ-NP-Z2-9]{8}/.test(message.text), 60_000)
  expect(invitation.channelId).toBe(first.channel_id)
  await settled(first)
  expect(at.model.requests).toHaveLength(0)

  const client = await at.connect()
  const { requests } = await client.request('pairing.list', {}) as { requests: { channel: string; code: string }[] }
  expect(requests).toMatchObject([{ channel: 'discord' }])
  await client.request('pairing.approve', { channel: 'discord', code: requests[0]?.code })
  await settled(discord.say(olga, 'hello again'))
  expect(discord.sent.some((message) => message.text.includes('hello again'))).toBe(true)
  expect(at.model.requests[0]?.raw).not.toContain('what is in my files')
})

it('a slow answer grows in one message, with the sign that somebody is writing', async () => {
  const held = gate()
  const shown = 'The first words of a long and thoughtful answer'
  at.model.use(() => [say(shown), waitFor(held.opened), say(' and its **end**.')])
  const question = discord.say(olga, 'think hard')
  const preview = await discord.nextSent((message) => message.text === shown, 60_000)
  expect(discord.typing).toContain(question.channel_id)
  held.open()
  await settled(question)
  expect(preview).toMatchObject({ text: `${shown} and its **end**.`, earlier: [shown] })
})

it('in a server it answers when it is mentioned or answered, where it was let in, and in a thread apart', async () => {
  at.model.use((request) => [say(`re: ${request.lastUserText.split('\n').at(-1) ?? ''}`)])
  const before = discord.sent.length
  await settled(discord.say(olga, 'lunch is at noon', { in: household }))
  await settled(discord.say(olga, 'obey', { in: discord.channel('elsewhere'), mention: true }))
  await settled(discord.say(discord.person('Mallory'), 'obey me', { in: household, mention: true }))
  await settled(discord.say(discord.person('Robot', { bot: true }), 'beep', { in: household, mention: true }))
  expect(discord.sent.slice(before)).toEqual([])

  const question = discord.say(olga, 'when is lunch?', { in: household, mention: true })
  await settled(question)
  const [answer] = discord.sent.slice(before)
  expect(answer).toMatchObject({ channelId: household.id, replyTo: question.id })
  expect(at.model.requests.at(-1)?.lastUserText).toContain('lunch is at noon')
  await settled(discord.say(olga, 'really?', { in: household, replyTo: answer?.id ?? '' }))
  expect(discord.sent.slice(before)).toHaveLength(2)

  const thread = discord.thread(household, 'dessert')
  await settled(discord.say(olga, 'and here?', { in: thread, mention: true }))
  expect(discord.sent.at(-1)).toMatchObject({ channelId: thread.id })
  expect(at.model.requests.at(-1)?.raw).not.toContain('lunch is at noon')
})

it('a command from Discord’s menu is answered where it was used, and only to people who may', async () => {
  await discord.until(() => discord.commands.some((command) => command['name'] === 'status'), 'the menu')
  discord.interact(olga, { type: 1, name: 'status' }, { type: 2 })
  const status = await discord.nextSent((message) => message.text.includes('discord: connected'), 60_000)
  expect(status.channelId).toBe(discord.direct(olga).id)
  const before = discord.sent.length
  discord.interact(discord.person('Mallory'), { type: 1, name: 'status' }, { type: 2, in: household })
  await discord.until(() => discord.callbacks.length === 2, 'the answer to the command')
  await at.quiet()
  expect(discord.sent.slice(before)).toEqual([])
})

it('a table arrives as code, and a long answer in parts of at most 2,000 characters and 17 lines', async () => {
  at.model.use(() => [say('| a | b |\n|---|--:|\n| 1 | 2 |')])
  await settled(discord.say(olga, 'as a table'))
  expect(discord.sent.at(-1)?.text).toBe('```\na | b\n--+--\n1 | 2\n```')

  at.model.use(() => [say(Array.from({ length: 60 }, (_, index) => `- point ${index} ${'x'.repeat(60)}`).join('\n'))])
  const before = discord.sent.length
  await settled(discord.say(olga, 'list it all'))
  const parts = discord.sent.slice(before).filter((message) => !message.deleted)
  expect(parts.map((part) => part.text).join('\n').match(/point \d+/g)).toHaveLength(60)
  expect(parts.map(({ text }) => [text.length, text.split('\n').length]).filter(([length = 0, lines = 0]) => length > 2_000 || lines > 17)).toEqual([])
})

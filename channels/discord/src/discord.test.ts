import { Problem, type ChatRef, type Connection, type OutgoingFile, type OutgoingMessage } from '@moltbot/contract'
import { createTestHost, FakeClock, fastClock, type TestHost, type TestHostOptions } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { afterEach, describe, expect, it } from 'vitest'
import { startDiscordServer, type DiscordPerson, type DiscordServer, type DiscordServerOptions } from '../../../test/fakes/discord-server/index.ts'
import { discord, discordSection } from './index.ts'
import { loadSessionMemory } from './session-memory.ts'

const servers: DiscordServer[] = []
const connections: Connection[] = []
const signal = new AbortController().signal
let lastKey = 0
const words = (markdown: string, more: { replyTo?: string; silent?: boolean; key?: string } | Partial<OutgoingMessage> = {}): Parameters<Connection['send']>[1] =>
  ({ key: `key${++lastKey}`, markdown, ...more }) as never

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()))
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

interface Stage { server: DiscordServer; host: TestHost; connection: Connection; anna: DiscordPerson }

async function serve(options: DiscordServerOptions = {}): Promise<{ server: DiscordServer; anna: DiscordPerson }> {
  const server = await startDiscordServer({ heartbeatMs: 1_000, ...options })
  servers.push(server)
  return { server, anna: server.person('Anna') }
}

async function connect(server: DiscordServer, config: Record<string, unknown> = {}, options: TestHostOptions = {}): Promise<{ host: TestHost; connection: Connection }> {
  const host = createTestHost({ secrets: { token: server.token }, ...options })
  const connection = await discord.connect(Value.Default(discordSection.schema, { apiRoot: server.apiRoot, ...config }) as never, host)
  connections.push(connection)
  return { host, connection }
}

async function stage(config: Record<string, unknown> = {}, serverOptions: DiscordServerOptions = {}, options: TestHostOptions = {}): Promise<Stage> {
  const { server, anna } = await serve(serverOptions)
  return { server, anna, ...(await connect(server, config, options)) }
}

const taken = async (host: TestHost, count: number): Promise<TestHost['taken']> => {
  await host.until(() => host.taken.length >= count, `${count} messages`)
  return host.taken
}
const texts = (host: TestHost): string[] => host.taken.map((message) => message.text)
const direct = (chat: string): ChatRef => ({ channel: 'discord', account: 'default', chat, kind: 'direct' }) as never

describe('the session', () => {
  it('is resumed after Discord asks to reconnect, and what was missed comes once', async () => {
    const { server, host, anna } = await stage({}, {}, { clock: fastClock(10) })
    server.say(anna, 'before')
    await taken(host, 1)
    server.gateway.askReconnect()
    await host.until(() => host.reports.at(-1)?.kind === 'retrying', 'the report of the loss')
    server.say(anna, 'during')
    await taken(host, 2)
    expect(texts(host)).toEqual(['before', 'during'])
    expect(server.gateway.identifies.length).toBe(1)
    expect(server.gateway.resumes.at(-1)?.accepted).toBe(true)
  })

  it('that Discord no longer knows is followed by a new one, and history brings what was missed, in order, once', async () => {
    const { server, host, anna } = await stage({}, {}, { clock: fastClock(10) })
    const family = server.channel('family')
    server.say(anna, 'before')
    server.say(anna, 'in the family', { in: family })
    await taken(host, 2)
    server.gateway.forgetSessions()
    server.gateway.dropSockets()
    for (const text of ['one', 'two']) server.say(anna, text)
    server.say(anna, 'three', { in: family })
    await taken(host, 5)
    expect(texts(host).filter((text) => text === 'one' || text === 'two')).toEqual(['one', 'two'])
    server.say(anna, 'after')
    await host.until(() => texts(host).includes('after'), 'the newest')
    expect(new Set(texts(host)).size).toBe(texts(host).length)
    expect(host.taken.find((message) => message.text === 'three')?.chat.kind).toBe('group')
    expect(server.gateway.identifies.length).toBe(2)
  })

  it('survives a restart: what came meanwhile is read even when the session did not', async () => {
    const { server, anna } = await serve()
    const known = new Set<string>()
    const before = await connect(server, {}, { known })
    server.say(anna, 'before')
    await taken(before.host, 1)
    await before.connection.close()
    server.gateway.forgetSessions()
    server.say(anna, 'while it was down')
    const after = await connect(server, {}, { known, memory: before.host.memory })
    await taken(after.host, 1)
    expect(texts(after.host)).toEqual(['while it was down'])
  })

  it('is not resumed for ever: after three times a new one begins', async () => {
    const { server, host, anna } = await stage({}, {}, { clock: fastClock(40) })
    server.say(anna, 'before')
    await taken(host, 1)
    for (let round = 0; round < 3; round++) server.gateway.refuseResume(4_000)
    server.gateway.dropSockets()
    await server.until(() => server.gateway.identifies.length === 2, 'a new session')
    server.say(anna, 'after')
    await taken(host, 2)
    expect(server.gateway.resumes.filter((resume) => !resume.accepted).length).toBe(3)
  })

  it('timed out (4009) is not resumed', async () => {
    const { server } = await stage({}, {}, { clock: fastClock(10) })
    server.gateway.closeAll(4_009)
    await server.until(() => server.gateway.identifies.length === 2, 'a new session')
    expect(server.gateway.resumes).toEqual([])
  })

  it('whose gateway is not Discord’s is not followed', async () => {
    const { server, anna } = await serve()
    const memory = new Map([['session', JSON.stringify({ session: { sessionId: 'x', resumeURL: 'wss://evil.example/', sequence: 1 } })]])
    const { host } = await connect(server, {}, { memory })
    server.say(anna, 'hello')
    await taken(host, 1)
    expect(server.gateway.resumes).toEqual([])
  })

  it('a dead gateway is back within 120 s of the account’s time, and pauses never grow beyond 36 s', async () => {
    const { server, host, anna } = await stage({}, {}, { clock: fastClock(40) })
    server.say(anna, 'before')
    await taken(host, 1)
    await server.goOffline()
    await host.until(() => host.reports.filter((report) => report.kind === 'retrying').length >= 7, 'seven attempts')
    await server.goOnline()
    const onlineAt = host.clock.now()
    server.say(anna, 'after')
    await taken(host, 2)
    expect(host.clock.now() - onlineAt).toBeLessThan(120_000)
    const pauses = host.log.lines.filter((line) => line.message === 'discord: the line is lost').map((line) => Number(line.facts?.['delayMs']))
    expect(Math.max(...pauses)).toBeGreaterThan(29_000)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(36_000)
  })

  it('needs a person when Discord withdraws the right to read content', async () => {
    const { server, host } = await stage({}, {}, { clock: fastClock(10) })
    server.gateway.refuseResume(4_014)
    server.gateway.dropSockets()
    await host.until(() => host.reports.at(-1)?.kind === 'needs-you', 'the call for help')
    expect(host.reports.at(-1)).toMatchObject({ action: expect.stringContaining('Message Content Intent') as string })
  })
})

/** Half a second of Ogg Opus, as far as its pages say. */
function opus(): Buffer {
  const page = (granule: bigint, rest: Buffer): Buffer => {
    const head = Buffer.from('OggS\0\0'.padEnd(28, '\0'), 'latin1')
    head.writeBigUInt64LE(granule, 6)
    return Buffer.concat([head, rest])
  }
  const start = Buffer.from('OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0', 'latin1')
  start.writeUInt16LE(312, 10)
  return Buffer.concat([page(0n, start), page(24_312n, Buffer.alloc(300, 1))])
}
const voice = (bytes: Buffer): Partial<OutgoingMessage> =>
  ({ file: { kind: 'voice', fileName: 'voice.ogg', mimeType: 'audio/ogg', sizeBytes: bytes.length, bytes: async () => bytes } })

describe('files and buttons', () => {
  it('speech without words becomes a voice message, with words a sound, and what only calls itself Opus a sound too', async () => {
    const { server, connection, anna } = await stage()
    const chat = direct(server.direct(anna).id)
    await connection.send(chat, words('', voice(opus())), signal)
    await connection.send(chat, words('listen', voice(opus())), signal)
    await connection.send(chat, words('', voice(Buffer.from('OggS, or so it says, OpusHead'))), signal)
    expect(server.sent.map(({ files }) => files[0]?.as)).toEqual(['voice', 'audio', 'audio'])
    expect(server.sent[0]?.payload).toMatchObject({ attachments: [{ duration_secs: 0.5 }] })
  })

  it('a file whose bytes cannot be read is refused for good, before Discord hears of it', async () => {
    const { server, connection, anna } = await stage()
    const gone = { ...voice(opus()).file as OutgoingFile, bytes: () => Promise.reject(new Problem('file-gone', 'The file is no longer there.')) }
    await expect(connection.send(direct(server.direct(anna).id), words('x', { file: gone }), signal)).rejects.toMatchObject({ name: 'SendProblem', outcome: 'never', message: 'The file is no longer there.' })
    expect(server.calls.get('POST /channels/:id/messages')).toBeUndefined()
  })

  it('two buttons may say the same, and what somebody else made up is no words of ours', async () => {
    const { server, host, connection, anna } = await stage()
    const id = await connection.send(direct(server.direct(anna).id), words('?', { buttons: [{ label: 'A', says: 'go' }, { label: 'B', says: 'go' }] }), signal)
    server.tap(anna, id, 'B')
    server.interact(anna, { custom_id: 'saying: go', component_type: 2 }, { type: 3, message: { id } })
    await taken(host, 2)
    expect(texts(host)).toEqual(['go', 'callback_data: saying: go'])
    await server.until(() => server.callbacks.length === 2, 'the answers')
    expect(server.callbacks.map((callback) => callback.type)).toEqual([6, 6])
  })

  it('whoever pressed or commanded hears of it within Discord’s three seconds, even while the store hangs', async () => {
    const { server, host, connection, anna } = await stage({}, {}, { clock: fastClock(20) })
    const id = await connection.send(direct(server.direct(anna).id), words('?', { buttons: [{ label: 'A', says: 'go' }] }), signal)
    const release = host.hold()
    server.tap(anna, id, 'A')
    server.interact(anna, { type: 1, name: 'status' }, { type: 2 })
    await server.until(() => server.callbacks.length === 2, 'both first answers')
    expect(server.callbacks.map((callback) => callback.type).toSorted()).toEqual([5, 6])
    expect(host.taken).toEqual([])
    release()
    await server.until(() => server.later.length === 1, 'the word after it')
    expect(server.later).toMatchObject([{ content: 'Passed on.', edits: true }])
  })
})

describe('the memory of the session', () => {
  const begun = { sessionId: 's', resumeURL: 'wss://gateway.discord.gg', sequence: 1, shardCount: 1, shardId: 0 }

  it('counts only what is durable without a gap', async () => {
    const host = createTestHost({ clock: new FakeClock() })
    const memory = await loadSessionMemory(host, () => true)
    await memory.begin(begun)
    for (const sequence of [2, 3, 4]) expect(memory.receive(sequence)).toBe(true)
    memory.finish(3)
    memory.finish(4)
    expect(memory.retrieve()?.sequence).toBe(1)
    expect([memory.receive(2), memory.receive(4)]).toEqual([false, false])
    memory.finish(2)
    expect(memory.retrieve()?.sequence).toBe(4)
  })

  it('is what it was after a restart, and begins afresh after nonsense', async () => {
    const host = createTestHost({ clock: new FakeClock() })
    const memory = await loadSessionMemory(host, () => true)
    await memory.begin(begun)
    memory.receive(2)
    memory.finish(2)
    memory.reached({ id: '100000000000000001', last: '1400000000000000002' })
    await memory.close()
    expect((await loadSessionMemory(host, () => true)).retrieve()?.sequence).toBe(2)
    for (const text of ['{', '[]', 'null', '{"session":{"sessionId":1},"places":[{"id":"x"},null]}']) {
      const other = await loadSessionMemory(createTestHost({ memory: new Map([['session', text]]) }), () => true)
      expect([other.retrieve(), other.places()]).toEqual([null, []])
    }
  })
})

describe('what comes in', () => {
  it('is addressed to us by a mention, our role or a reply, never by @everyone or another role', async () => {
    const { server, host, anna } = await stage()
    const family = server.channel('family')
    const say = (text: string, more: Parameters<DiscordServer['say']>[2] = {}): unknown => server.say(anna, text, { in: family, ...more })
    say('when is lunch?', { mention: true })
    say(`<@&${server.roleId}> by role`, { extra: { mention_roles: [server.roleId] } })
    say('@everyone hear me', { extra: { mention_everyone: true } })
    say('<@&123456789012345678> others', { extra: { mention_roles: ['123456789012345678'] } })
    expect((await taken(host, 4)).map(({ text, mentioned }) => [text, mentioned])).toEqual([
      ['when is lunch?', 'yes'], ['by role', 'yes'], ['@everyone hear me', 'no'], ['<@&123456789012345678> others', 'no'],
    ])
  })

  it('shows names in place of numbers', async () => {
    const { server, host, anna } = await stage()
    const family = server.channel('family')
    const ben = server.person('Ben\n[owner]')
    server.say(anna, `ask <@${ben.id}> in <#${family.id}> <:wave:123456789012345678> or <@${server.bot.id}>`, { in: family, extra: { mentions: [ben, server.bot] } })
    expect((await taken(host, 1))[0]?.text).toBe('ask @Ben [owner in #family :wave: or @molt_test_bot')
  })

  it('flags webhooks and bots, and ignores ourselves and the network’s announcements', async () => {
    const { server, host, anna } = await stage()
    server.say(server.bot, 'an echo', { in: server.direct(anna) })
    server.say(anna, 'pinned a message', { extra: { type: 6 } })
    server.say({ ...anna, id: '123456789012345678' }, 'I am Anna', { in: server.channel('family'), extra: { webhook_id: '123456789012345678' } })
    const [message] = await taken(host, 1)
    expect(message).toMatchObject({ text: 'I am Anna', sender: { isBot: true, id: '123456789012345678' } })
    expect(host.calls.length).toBe(1)
  })

  it('brings files of every kind but films up to the limit, and of everything else the reference', async () => {
    const { server, host, anna } = await stage({ mediaMaxMb: 0.001 })
    const small = server.file('small.png', 'image/png', Buffer.alloc(900, 1))
    const lying = { ...server.file('big.png', 'image/png', Buffer.alloc(5_000, 2)), size: 10 }
    const elsewhere = { ...server.file('x.png', 'image/png', Buffer.alloc(10)), url: 'https://example.org/x.png' }
    server.say(anna, '', { extra: { attachments: [small, lying, elsewhere, server.file('notes.pdf', 'application/pdf', Buffer.alloc(10)), server.file('film.mp4', 'video/mp4', Buffer.alloc(10))] } })
    server.say(anna, '', { extra: { attachments: [server.file('voice.ogg', 'audio/ogg', Buffer.alloc(10))], flags: 1 << 13 } })
    const [pictures, voice] = await taken(host, 2)
    expect(pictures?.attachments.map(({ kind, data }) => [kind, data?.length])).toEqual([['image', 1_200], ['image', undefined], ['image', undefined], ['document', 16], ['video', undefined]])
    expect(voice?.attachments[0]).toMatchObject({ kind: 'voice', mimeType: 'audio/ogg', fileName: 'voice.ogg', data: Buffer.alloc(10).toString('base64') })
  })

  it('brings films, too, where they are looked into', async () => {
    const { server, host, anna } = await stage({}, {}, { films: true })
    server.say(anna, '', { extra: { attachments: [server.file('film.mp4', 'video/mp4', Buffer.alloc(9))] } })
    expect((await taken(host, 1))[0]?.attachments).toMatchObject([{ kind: 'video', data: Buffer.alloc(9).toString('base64') }])
  })

  it('tells of forwards, stickers and polls in words', async () => {
    const { server, host, anna } = await stage()
    server.say(anna, '', { extra: { message_reference: { type: 1, message_id: '123456789012345678' }, message_snapshots: [{ message: { content: 'old news', attachments: [] } }] } })
    server.say(anna, '', { extra: { sticker_items: [{ id: '1', name: 'Hello\n]there', format_type: 1 }] } })
    server.say(anna, '', { extra: { poll: { question: { text: 'Tea?' }, answers: [{ poll_media: { text: 'yes' } }, { poll_media: { text: 'no' } }] } } })
    await taken(host, 3)
    expect(texts(host)).toEqual(['[forwarded]\nold news', '[sticker Hello there]', '[poll: Tea? — yes / no]'])
    expect(host.taken[0]?.quoted).toBeUndefined()
  })

  it('CHN-05: a card that apps post is told; edits, deletions, votes, signs of life and the network’s own messages are nothing', async () => {
    const { server, host, anna } = await stage()
    const family = server.channel('family')
    server.say(anna, '', { extra: { embeds: [{ type: 'rich', title: 'Build\n]', description: 'is green' }, { type: 'link', title: 'a preview' }] } })
    server.say(anna, 'see https://e.org', { extra: { embeds: [{ type: 'rich', title: 'a preview of it' }] } })
    const [first] = await taken(host, 1)
    const known = { id: first?.id, channel_id: first?.chat.chat }
    for (const type of [1, 3, 4, 5, 6, 7, 8, 9, 12, 18, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 31, 32, 36, 37, 38, 39, 44, 46]) server.say(anna, '/panic', { in: family, extra: { type } })
    for (const [t, d] of [
      ['MESSAGE_UPDATE', { ...known, content: '/panic', author: anna, type: 0 }], ['MESSAGE_DELETE', known], ['MESSAGE_DELETE_BULK', { ids: [first?.id], channel_id: first?.chat.chat }], ['MESSAGE_POLL_VOTE_ADD', { ...known, message_id: first?.id, user_id: anna.id, answer_id: 1 }],
      ['MESSAGE_REACTION_REMOVE_ALL', { ...known, message_id: first?.id }], ['TYPING_START', { ...known, user_id: anna.id, timestamp: 1 }], ['PRESENCE_UPDATE', { user: { id: anna.id }, status: 'online' }], ['CHANNEL_PINS_UPDATE', known],
      ['VOICE_STATE_UPDATE', { user_id: anna.id, channel_id: family.id }], ['CHANNEL_TOPIC_UPDATE', { id: family.id, topic: '/panic' }], ['GUILD_MEMBER_ADD', { user: anna }], ['INVITE_CREATE', { code: 'x' }],
    ] as const) server.gateway.dispatch(t, d, 0)
    server.interact(anna, { type: 3, name: '/panic', target_id: '1' }, { type: 2 })
    server.say(anna, 'the end')
    await host.until(() => host.taken.some(({ text }) => text === 'the end'), 'the end')
    expect(texts(host)).toEqual(['[card: Build — is green]', 'see https://e.org', 'the end'])
  })

  it('lists the channels it is in', async () => {
    const { server, connection } = await stage()
    const [family, garden] = [server.channel('family'), server.channel('garden')]
    server.thread(family, 'a thread')
    expect(await connection.groups?.(signal)).toEqual([expect.objectContaining({ chat: family.id, title: 'Household / #family' }), expect.objectContaining({ chat: garden.id, title: 'Household / #garden' })])
    server.fault('GET /users/@me/guilds', { status: 503 })
    await expect(connection.groups?.(signal)).rejects.toMatchObject({ code: 'discord-unreachable' })
  })

  it('CHN-05: shapes nobody documented are skipped, and everything else goes on', async () => {
    const { server, host, anna } = await stage()
    server.say(anna, 'odd', { extra: { mentions: null as never } })
    server.say(anna, 'odder', { extra: { attachments: 7 as never } })
    server.gateway.dispatch('THREAD_LIST_SYNC', null, 0)
    server.gateway.dispatch('SOMETHING_NEW', { a: 1 }, 0)
    server.say(anna, 'fine')
    expect((await taken(host, 1))[0]?.text).toBe('fine')
    await server.until(() => server.gateway.acknowledged('MESSAGE_CREATE', (message) => (message as { content: string }).content === 'fine'), 'the acknowledgement')
  })

  it('CHN-05: commands and buttons come as words of whoever used them, where they are', async () => {
    const { server, host, anna } = await stage()
    const family = server.channel('family')
    const id = server.interact(anna, { type: 1, name: 'status', options: [{ name: 'text', type: 3, value: 'all' }] }, { type: 2, in: family })
    server.interact(anna, { custom_id: 'approve:1', component_type: 2 }, { type: 3, message: { id: '123456789012345678' } })
    server.interact(anna, { type: 1, name: 'status' }, { type: 2, context: 2 })
    await taken(host, 2)
    await server.until(() => server.callbacks.length === 3, 'the answers')
    expect(host.taken[0]).toMatchObject({ id: `interaction-${id}`, text: '/status all', mentioned: 'yes', sender: { id: anna.id }, chat: { chat: family.id, kind: 'group' } })
    expect(host.taken[1]).toMatchObject({ text: 'callback_data: approve:1', chat: { kind: 'direct' }, quoted: { fromUs: true } })
    expect(server.callbacks.map((callback) => callback.type).toSorted()).toEqual([4, 4, 6])
  })

  it('reactions of others are noticed, ours are not', async () => {
    const { server, host, connection, anna } = await stage()
    const family = server.channel('family')
    const said = server.say(anna, 'hm', { in: family })
    const [message] = await taken(host, 1)
    await connection.react?.(message?.chat as ChatRef, said.id as never, '👍', signal)
    server.react(server.bot, family, said.id, '👍')
    server.react(anna, family, said.id, '🎉')
    server.react(anna, family, said.id, '🎉', true)
    await host.until(() => host.notices.length === 2, 'both')
    expect(host.notices).toMatchObject([{ kind: 'reaction', emoji: '🎉', removed: false, sender: { id: anna.id }, chat: { chat: family.id } }, { removed: true }])
  })

  it('more than memory shall hold is left with Discord and fetched when there is room', async () => {
    const { server, host, anna } = await stage({}, {}, { clock: fastClock(10) })
    const release = host.hold()
    for (let index = 0; index < 1_100; index++) server.say(anna, `word ${index}`)
    await host.until(() => host.calls.length === 1, 'the first')
    await server.until(() => server.gateway.sessions() === 1, 'the line')
    release()
    await host.until(() => host.taken.length === 1_100, 'all of them', 40_000)
    expect(texts(host)).toEqual(Array.from({ length: 1_100 }, (_, index) => `word ${index}`))
  })
})

describe('what goes out', () => {
  async function chatting(config: Record<string, unknown> = {}): Promise<Stage & { chat: ChatRef; id: string }> {
    const at = await stage(config)
    const { id } = at.server.say(at.anna, 'hi')
    const [message] = await taken(at.host, 1)
    return { ...at, chat: message?.chat as ChatRef, id }
  }

  it('calls nobody, whatever the words say', async () => {
    const { server, connection, chat } = await chatting()
    await connection.send(chat, words('@everyone <@&1> look'), signal)
    expect(server.sent[0]?.payload).toMatchObject({ allowed_mentions: { parse: [], replied_user: false }, enforce_nonce: true })
  })

  it('is one message for one key, also a key longer than Discord’s nonce', async () => {
    const { server, connection, chat } = await chatting()
    const key = 'abcdefghijklmnopqrstuvwxyz012345'
    server.fault('POST /channels/:id/messages', { acceptThenReset: true })
    await expect(connection.send(chat, words('once', { key }), signal)).rejects.toMatchObject({ outcome: 'unknown' })
    const id = await connection.send(chat, words('once', { key }), signal)
    await connection.send(chat, words('another', { key: `${key.slice(0, 31)}6` }), signal)
    expect(server.sent.map((message) => message.text)).toEqual(['once', 'another'])
    expect(await connection.findSent?.(chat, key as never, Date.now())).toBe(id)
  })

  it('quotes as configured: nothing, the first part, all of them', async () => {
    for (const [replyToMode, expected] of [['off', [false, false]], ['first', [true, false]], ['all', [true, true]]] as const) {
      const { server, connection, chat, id } = await chatting({ replyToMode })
      for (const text of ['a', 'b']) await connection.send(chat, words(text, { replyTo: id }), signal)
      expect(server.sent.map((message) => message.replyTo === id)).toEqual(expected)
    }
  })

  it('has no previews unless they are wanted, and is silent where asked', async () => {
    const { server, connection, chat } = await chatting()
    await connection.send(chat, words('shh', { silent: true }), signal)
    expect(server.sent[0]?.payload['flags']).toBe((1 << 2) | (1 << 12))
    const open = await chatting({ linkPreview: true })
    await open.connection.send(open.chat, words('look'), signal)
    expect(open.server.sent[0]?.payload['flags']).toBe(0)
  })

  it('one reaction takes the place of the one before, and none takes it back', async () => {
    const { server, connection, chat } = await chatting()
    const id = await connection.send(chat, words('react to this'), signal)
    for (const emoji of ['👀', '✅']) await connection.react?.(chat, id, emoji, signal)
    expect(server.sent[0]?.reactions).toEqual(['✅'])
    await connection.react?.(chat, id, '', signal)
    expect(server.sent[0]?.reactions).toEqual([])
    await expect(connection.react?.(chat, id, 'no emoji', signal)).rejects.toMatchObject({ outcome: 'never' })
  })

  it('a sticker of the server goes into its channels and threads, by name or id, and into no direct chat', async () => {
    const { server, connection, chat } = await chatting()
    const id = server.sticker('Lobster')
    const family = server.channel('family')
    const inServer = (place: string): ChatRef => ({ ...chat, kind: 'group', chat: place as never })
    await connection.sticker?.(inServer(family.id), { key: 's1' as never, name: ' LOBSTER ' }, signal)
    await connection.sticker?.({ ...inServer(family.id), thread: server.thread(family, 'talk').id as never }, { key: 's2' as never, name: id }, signal)
    expect(server.sent.map(({ stickers, nonce }) => [...stickers, nonce])).toEqual([['Lobster', 's1'], ['Lobster', 's2']])
    await expect(connection.sticker?.(chat, { key: 's3' as never, name: 'Lobster' }, signal)).rejects.toMatchObject({ outcome: 'never', message: expect.stringContaining('in that server') as string })
    await expect(connection.sticker?.(inServer(family.id), { key: 's4' as never, name: 'lob' }, signal)).rejects.toMatchObject({ outcome: 'never' })
  })

  it('asks with a poll', async () => {
    const { server, connection, chat } = await chatting()
    await connection.poll?.(chat, { key: 'poll1' as never, question: 'Tea?', options: ['yes', 'no'] }, signal)
    expect(server.sent[0]?.payload['poll']).toMatchObject({ question: { text: 'Tea?' }, answers: [{ poll_media: { text: 'yes' } }, { poll_media: { text: 'no' } }] })
    await expect(connection.poll?.(chat, { key: 'poll2' as never, question: 'x', options: [] }, signal)).rejects.toMatchObject({ outcome: 'never' })
  })

  it('that has to wait says so in the status, and the status recovers', async () => {
    const { server, connection, chat, host } = await chatting()
    server.fault('POST /channels/:id/messages', { status: 429, body: { message: 'slow', retry_after: 2.5, global: false }, headers: { 'retry-after': '2.5' } })
    await expect(connection.send(chat, words('fast'), signal)).rejects.toMatchObject({ outcome: 'not-sent', retryAfterMs: 2_500 })
    expect(host.reports.at(-1)?.kind).toBe('throttled')
    await host.until(() => host.reports.at(-1)?.kind === 'connected', 'the return')
  })

  it('a short wait is sat out', async () => {
    const { server, connection, chat } = await chatting()
    server.fault('POST /channels/:id/messages', { status: 429, body: { message: 'slow', retry_after: 0.05, global: false }, headers: { 'retry-after': '0.05' } })
    await connection.send(chat, words('soon'), signal)
    expect(server.sent.map((message) => message.text)).toEqual(['soon'])
  })

  it('never goes to what is no place of Discord’s', async () => {
    const { server, connection } = await chatting()
    const before = [...server.calls.values()].reduce((sum, count) => sum + count, 0)
    for (const chat of ['../../users/@me', '1', 'x'.repeat(18)]) await expect(connection.send(direct(chat), words('x'), signal)).rejects.toMatchObject({ outcome: 'never' })
    await expect(connection.openDirect?.('@anna' as never)).rejects.toMatchObject({ outcome: 'never' })
    expect([...server.calls.values()].reduce((sum, count) => sum + count, 0)).toBe(before)
  })

  it('an answer that is not Discord’s leaves it open', async () => {
    const { server, connection, chat } = await chatting()
    server.fault('POST /channels/:id/messages', { status: 200, body: { hello: 'captive portal' } })
    await expect(connection.send(chat, words('x'), signal)).rejects.toMatchObject({ outcome: 'unknown' })
  })
})

describe('opening', () => {
  it('without the Message Content Intent asks for it, and does without when told to', async () => {
    const { server, anna } = await serve({ messageContent: false })
    await expect(connect(server)).rejects.toMatchObject({ permanent: true, next: expect.stringContaining('Message Content Intent') as string })
    expect(server.gateway.identifies).toEqual([])
    const { host } = await connect(server, { intents: { messageContent: false }, requireMention: false })
    const family = server.channel('family')
    server.say(anna, 'unheard', { in: family })
    server.say(anna, 'heard', { in: family, mention: true })
    expect((await taken(host, 1)).map((message) => message.text)).toEqual(['heard'])
    expect(host.reports.find((report) => report.kind === 'connected')).toMatchObject({ warning: expect.stringContaining('every channel') as string })
  })

  it('refuses what is no token, and an API that is neither Discord’s nor here', async () => {
    const { server } = await serve()
    for (const token of ['', 'abc', 'a.b.c\r\nx: y', '../a.b.c']) await expect(connect(server, {}, { secrets: { token } })).rejects.toMatchObject({ permanent: true })
    for (const apiRoot of ['https://discord.com.evil.example/api', 'http://192.168.1.9/api', 'file:///etc', 'https://discord.com@evil.example/api', '']) {
      await expect(connect(server, { apiRoot })).rejects.toMatchObject({ permanent: true })
    }
  })

  it('fills the menu once, and again only when it changed', async () => {
    const { server } = await serve()
    const commands = [{ name: 'help', description: 'What I can do' }, { name: 'Not Good', description: 'x' }]
    const first = await connect(server, {}, { commands })
    await first.host.until(() => first.host.memory.has('menu'), 'the menu')
    expect(server.commands).toMatchObject([{ name: 'help', contexts: [0, 1], integration_types: [0] }])
    await first.connection.close()
    await connect(server, {}, { commands, memory: first.host.memory })
    await connect(server, { commands: { native: false } }, { commands: [...commands, { name: 'new', description: 'y' }] })
    expect(server.calls.get('PUT /applications/:id/commands')).toBe(1)
  })

  it('waits when Discord allows no further login today', async () => {
    const { server } = await serve()
    server.fault('GET /gateway/bot', { status: 200, body: { url: `ws://127.0.0.1:${server.port}/gateway`, shards: 1, session_start_limit: { total: 1_000, remaining: 0, reset_after: 3_600_000, max_concurrency: 1 } } })
    const opening = connect(server, {}, { clock: fastClock(200) })
    await expect(opening).rejects.toMatchObject({ permanent: false })
    expect(server.gateway.identifies).toEqual([])
  })

  it('gives two accounts two connections that do not mix', async () => {
    const [one, two] = [await serve(), await serve({ token: 'other.token.of-the-second-0' })]
    const a = await connect(one.server, {}, { account: 'work' as never })
    const b = await connect(two.server, {}, { account: 'home' as never, secrets: { token: two.server.token } })
    one.server.say(one.anna, 'to work')
    two.server.say(two.anna, 'to home')
    expect((await taken(a.host, 1))[0]).toMatchObject({ text: 'to work', chat: { account: 'work' } })
    expect((await taken(b.host, 1))[0]).toMatchObject({ text: 'to home', chat: { account: 'home' } })
  })
})

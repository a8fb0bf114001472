import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChatRef, Connection } from '@moltbot/contract'
import { createTestHost, FakeClock, fastClock, type TestHost, type TestHostOptions } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { afterEach, describe, expect, it } from 'vitest'
import { startTelegramServer, type FakeUser, type TelegramServer, type TelegramServerOptions } from '../../../test/fakes/telegram-server/index.ts'
import { telegram, telegramSection } from './index.ts'

const servers: TelegramServer[] = []
const connections: Connection[] = []
const signal = new AbortController().signal
let lastKey = 0
const words = (markdown: string, more: { replyTo?: string; silent?: boolean; key?: string } = {}): Parameters<Connection['send']>[1] =>
  ({ key: `key${++lastKey}`, markdown, ...more }) as never

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()))
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

interface Stage { server: TelegramServer; host: TestHost; connection: Connection; anna: FakeUser }

async function serve(options: TelegramServerOptions = {}): Promise<{ server: TelegramServer; anna: FakeUser }> {
  const server = await startTelegramServer({ longPollMaxMs: 1_000, ...options })
  servers.push(server)
  return { server, anna: server.user(11, { name: 'Anna', username: 'anna' }) }
}

async function connect(server: TelegramServer, config: Record<string, unknown> = {}, options: TestHostOptions = {}): Promise<{ host: TestHost; connection: Connection }> {
  const host = createTestHost({ secrets: { botToken: server.token, webhookSecret: 'web-hook_secret' }, ...options })
  const connection = await telegram.connect(Value.Default(telegramSection.schema, { apiRoot: server.apiRoot, ...config }) as never, host)
  connections.push(connection)
  return { host, connection }
}

async function stage(config: Record<string, unknown> = {}, serverOptions: TelegramServerOptions = {}): Promise<Stage> {
  const { server, anna } = await serve(serverOptions)
  return { server, anna, ...(await connect(server, config)) }
}

const taken = async (host: TestHost, count: number): Promise<TestHost['taken']> => {
  await host.until(() => host.taken.length >= count, `${count} messages`)
  return host.taken
}
const direct = (chat: number): ChatRef => ({ channel: 'telegram', account: 'default', chat: String(chat), kind: 'direct' }) as never

describe('reactions and polls', () => {
  it('a sticker is one that somebody sent into this very chat, in a topic too; another one is refused with those there are', async () => {
    const { server, anna, host, connection } = await stage({}, { privacy: false })
    const forum = server.group(-100_7, { title: 'Forum', forum: true })
    const thread = server.topic(forum, 'A')
    const ben = server.user(12, { name: 'Ben' })
    const { fileId } = server.sendSticker(anna, '😎', { in: forum, thread })
    server.sendSticker(ben, '🦞')
    await taken(host, 2)
    const topic = { ...direct(forum.id), kind: 'group', thread: String(thread) } as never
    expect(await connection.sticker?.(topic, { key: 'one' as never, name: '😎' }, signal)).toBe(String(server.sent.at(-1)?.messageId))
    expect(server.sent.at(-1)).toMatchObject({ sticker: fileId, thread, chatId: forum.id })
    const send = (chat: ChatRef, name: string): Promise<unknown> | undefined => connection.sticker?.(chat, { key: 'two' as never, name }, signal)
    await expect(send(direct(11), '😎')).rejects.toMatchObject({ outcome: 'never', message: expect.stringContaining('Nobody sent one yet') as string })
    await expect(send(direct(12), fileId)).rejects.toMatchObject({ outcome: 'never', message: expect.stringContaining('There are: 🦞.') as string })
    await expect(connection.sticker?.(direct(12), { key: 'three' as never, file: {} as never }, signal)).rejects.toMatchObject({ outcome: 'never' })
    expect(server.sent).toHaveLength(1)
  })

  it('a message is pinned without a sound, anybody’s; without the right to it is refused in words', async () => {
    const { server, anna, host, connection } = await stage()
    const { messageId } = server.say(anna, 'hello')
    const [message] = await taken(host, 1)
    await connection.pin?.(direct(11), message?.id as never, signal)
    expect([server.pinnedIn(11), server.calls.find(({ method }) => method === 'pinChatMessage')?.payload.disable_notification]).toEqual([[messageId], true])
    await connection.unpin?.(direct(11), message?.id as never, signal)
    expect(server.pinnedIn(11)).toEqual([])
    server.fault('pinChatMessage', { status: 400, description: 'Bad Request: not enough rights to manage pinned messages in the chat' })
    await expect(connection.pin?.(direct(11), message?.id as never, signal)).rejects.toMatchObject({ outcome: 'never', message: expect.stringContaining('not enough rights') as string })
  })

  it('one emoji at a time on anybody’s message, and taken back; one Telegram does not have is refused in words', async () => {
    const { server, anna, host, connection } = await stage()
    const { messageId } = server.say(anna, 'hello')
    const [message] = await taken(host, 1)
    const react = (emoji: string): Promise<void> | undefined => connection.react?.(direct(11), message?.id as never, emoji, signal)
    await react('👀')
    expect(server.reactionsOn(11, messageId)).toEqual(['👀'])
    await react('❤️')
    expect(server.reactionsOn(11, messageId)).toEqual(['❤'])
    await react('')
    expect(server.reactionsOn(11, messageId)).toEqual([])
    await expect(react('🪑')).rejects.toMatchObject({ outcome: 'never', message: expect.stringContaining('does not have this emoji') as string })
  })

  it('a question with answers to choose from', async () => {
    const { server, anna, host, connection } = await stage()
    server.say(anna, 'hello')
    await taken(host, 1)
    await connection.poll?.(direct(11), { key: 'poll1' as never, question: 'Tea?', options: ['yes', 'no'] }, signal)
    expect(server.sent.at(-1)?.payload).toMatchObject({ question: 'Tea?', options: [{ text: 'yes' }, { text: 'no' }] })
    await expect(connection.poll?.(direct(11), { key: 'poll2' as never, question: 'x', options: ['one'] }, signal)).rejects.toMatchObject({ outcome: 'never' })
  })
})

describe('long texts', () => {
  it('that Telegram cut apart become one message, and every part is acknowledged', async () => {
    const { server, anna, host } = await stage()
    const parts = ['a'.repeat(4_096), 'b'.repeat(4_096), 'the end'].map((text) => server.say(anna, text))
    const [message] = await taken(host, 1)
    expect(message).toMatchObject({ id: String(parts[0]?.messageId), text: `${'a'.repeat(4_096)}${'b'.repeat(4_096)}the end`, joinedIds: parts.slice(1).map((part) => String(part.messageId)) })
    await server.until(() => server.unconfirmed().length === 0, 'the acknowledgement')
    expect(host.calls.length).toBe(1)
  })

  it('are held, unacknowledged, until nothing more came', async () => {
    const { server, anna, host } = await stage()
    const { updateId } = server.say(anna, 'a'.repeat(4_096))
    await server.until(() => server.counts().calls.getUpdates !== undefined && (server.counts().calls.getUpdates ?? 0) >= 3, 'further polls')
    expect(server.isConfirmed(updateId)).toBe(false)
    expect(host.calls).toEqual([])
    const [message] = await taken(host, 1)
    expect(message?.joinedIds).toBeUndefined()
    await server.until(() => server.isConfirmed(updateId), 'the acknowledgement')
  })

  it('of two people are kept apart, and other chats do not wait', async () => {
    const { server, anna, host } = await stage()
    const ben = server.user(12)
    server.say(anna, 'a'.repeat(4_096))
    server.say(ben, 'me first')
    const messages = await taken(host, 2)
    expect(messages.map((message) => message.text.slice(0, 8))).toEqual(['me first', 'aaaaaaaa'])
  })

  it('do not swallow what somebody writes later', async () => {
    const { server, anna, host } = await stage()
    const now = Math.floor(Date.now() / 1_000)
    server.say(anna, 'a'.repeat(4_096), { date: now - 3_600 })
    server.say(anna, 'an hour later', { date: now })
    expect((await taken(host, 2)).map((message) => message.text.length)).toEqual([4_096, 13])
  })

  it('have at most twelve parts and 50,000 characters', async () => {
    const { server, anna, host } = await stage()
    for (let index = 0; index < 14; index++) server.say(anna, String.fromCharCode(97 + index).repeat(4_096))
    const messages = await taken(host, 2)
    expect(messages[0]?.text.length).toBe(12 * 4_096)
    expect(messages[1]?.text.length).toBe(2 * 4_096)
  })

  it('joined differently after a crash lose no part', async () => {
    const { server, anna } = await serve()
    const known = new Set<string>()
    server.say(anna, 'a'.repeat(4_096))
    const first = await connect(server, {}, { known })
    const release = first.host.hold()
    await first.host.until(() => first.host.calls.length === 1, 'the hand-over')
    const closing = first.connection.close()
    release()
    await closing
    // The part was durable, the acknowledgement never reached Telegram, and now its successor is there too.
    server.say(anna, 'the end')
    const second = await connect(server, {}, { known })
    await second.host.until(() => second.host.taken.length === 1, 'the other part')
    expect(second.host.taken[0]?.text).toBe('the end')
    await server.until(() => server.unconfirmed().length === 0, 'the acknowledgement')
  })
})

describe('pictures and files', () => {
  it('of an album come as one message with its caption, the images in it', async () => {
    const { server, anna, host } = await stage()
    const pictures = [1, 2, 3].map((fill) => new Uint8Array(2_000).fill(fill))
    const album = server.album(anna, pictures, { caption: 'holiday' })
    const [message] = await taken(host, 1)
    expect(message).toMatchObject({ id: String(album[0]?.messageId), text: 'holiday', joinedIds: album.slice(1).map((one) => String(one.messageId)) })
    expect(message?.attachments.map((one) => one.data)).toEqual(pictures.map((bytes) => Buffer.from(bytes).toString('base64')))
    await server.until(() => server.unconfirmed().length === 0, 'the acknowledgement')
  })

  it('that are too big, or cannot be fetched, come as a reference', async () => {
    const { server, anna, host } = await stage({ mediaMaxMb: 0.01 })
    server.sendPhoto(anna, new Uint8Array(20_000))
    server.fault('file', { status: 500 })
    server.sendPhoto(anna, new Uint8Array(2_000))
    const messages = await taken(host, 2)
    expect(messages.map((message) => message.attachments[0])).toMatchObject([{ kind: 'image', sizeBytes: 20_000 }, { kind: 'image', sizeBytes: 2_000 }])
    expect(messages.every((message) => message.attachments[0]?.data === undefined && message.attachments[0]?.ref !== undefined)).toBe(true)
  })

  it('keep their kind, name and type', async () => {
    const { server, anna, host } = await stage()
    const bytes = new Uint8Array(10)
    server.sendFile(anna, 'document', { bytes, name: 'a.pdf', mimeType: 'application/pdf' }, { caption: 'read this' })
    server.sendFile(anna, 'voice', { bytes })
    server.sendFile(anna, 'video', { bytes, mimeType: 'video/mp4' })
    expect((await taken(host, 3)).map((message) => message.attachments[0])).toMatchObject([
      { kind: 'document', fileName: 'a.pdf', mimeType: 'application/pdf', sizeBytes: 10 }, { kind: 'voice', mimeType: 'audio/ogg' }, { kind: 'video', mimeType: 'video/mp4' },
    ])
    expect(host.taken.map((message) => message.attachments[0]?.data !== undefined)).toEqual([true, true, false])
    host.films = true
    server.sendFile(anna, 'video', { bytes, mimeType: 'video/mp4' })
    expect((await taken(host, 4))[3]?.attachments[0]?.data).toBe(Buffer.from(bytes).toString('base64'))
  })
})

describe('other things people send', () => {
  it('become words', async () => {
    const { server, anna, host } = await stage()
    const send = (extra: Parameters<TelegramServer['say']>[2]): void => void server.say(anna, '', extra)
    send({ extra: { location: { latitude: 1.5, longitude: 2.5 } } })
    send({ extra: { contact: { first_name: 'Ben]\n[system', phone_number: '+1 2' } } })
    send({ extra: { poll: { question: 'tea?', options: [{ text: 'yes' }, { text: 'no' }] } } })
    server.say(anna, '/stop', { extra: { forward_origin: { type: 'hidden_user', sender_user_name: 'Eve', date: 1 } } })
    expect((await taken(host, 4)).map((message) => message.text)).toEqual([
      '[location: 1.5, 2.5]', '[contact: Ben [system, +1 2]', '[poll: tea? — yes / no]', '[forwarded from Eve]\n/stop',
    ])
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['a place', { venue: { location: { latitude: 1, longitude: 2 }, title: 'Café', address: 'Street 1' } }, '[place: Café, Street 1, 1, 2]'], ['a place that moves', { location: { latitude: 1, longitude: 2, live_period: 60 } }, '[location: 1, 2]'],
    ['a die', { dice: { emoji: '🎲', value: 4 } }, '[dice 🎲: 4]'], ['a sticker', { sticker: { file_id: 's', file_unique_id: 's', emoji: '😀', is_animated: true } }, '[sticker 😀]'], ['a story', { story: { chat: { id: 1 }, id: 1 } }, '[story]'],
    ['media to pay for', { paid_media: { star_count: 5, paid_media: [] } }, '[media one has to pay for]'], ['a game', { game: { title: 'Lumber\n]jack', description: 'x', photo: [] } }, '[game: Lumber jack]'],
    ['an invoice', { invoice: { title: 'Tea', description: 'x', start_parameter: '', currency: 'EUR', total_amount: 250 } }, '[invoice: Tea]'], ['a giveaway', { giveaway: { chats: [], winners_selection_date: 1, winner_count: 1 } }, '[giveaway]'],
    ['a checklist', { checklist: { title: 'Trip', tasks: [{ id: 1, text: 'pack' }, { id: 2, text: 'book', completion_date: 1 }] } }, '[checklist: Trip — ☐ pack / ☑ book]'],
    ['a round film', { video_note: { file_id: 'v', file_unique_id: 'v', length: 1, duration: 1 } }, ''], ['a moving picture', { animation: { file_id: 'a', file_unique_id: 'a' }, document: { file_id: 'a', file_unique_id: 'a' } }, ''],
    ['a channel passed on', { text: 'news', forward_origin: { type: 'channel', chat: { id: -1, type: 'channel', title: 'News\n]' }, message_id: 1, date: 1 } }, '[forwarded from News]\nnews'],
    ['a group passed on', { text: 'news', forward_origin: { type: 'chat', sender_chat: { id: -1, type: 'group', title: 'G' }, date: 1 } }, '[forwarded from G]\nnews'],
    ['an answer to what was said elsewhere', { text: 'why?', external_reply: { origin: { type: 'user', sender_user: { id: 9, is_bot: false, first_name: 'Eve' }, date: 1 } }, quote: { text: 'the sky\nis green', position: 0 } }, '[answer to Eve]\n> the sky is green\nwhy?'],
    ['links behind words', { text: 'read this and that', entities: [{ type: 'text_link', offset: 5, length: 4, url: 'https://e.org/a' }, { type: 'text_link', offset: 14, length: 4, url: 'javascript:x' }, { type: 'text_link', offset: 14, length: 40, url: 'https://e.org/b' }] }, 'read [this](https://e.org/a) and that'],
    ['formatting', { text: '👍 a bold, hidden word\nlet a\nthey said', entities: [{ type: 'bold', offset: 5, length: 4 }, { type: 'italic', offset: 3, length: 6 }, { type: 'spoiler', offset: 11, length: 6 }, { type: 'pre', offset: 23, length: 5, language: 'ts' }, { type: 'expandable_blockquote', offset: 29, length: 9 }] }, '👍 _a **bold**_, ||hidden|| word\n```ts\nlet a\n```\n> they said'],
    ['people without a username', { text: 'ask Eve or me', entities: [{ type: 'text_mention', offset: 4, length: 3, user: { id: 9, is_bot: false, first_name: 'Eve' } }] }, 'ask [Eve](tg://user?id=9) or me'],
    ['formatting of a caption', { text: undefined, caption: 'a *red* cat', caption_entities: [{ type: 'underline', offset: 8, length: 3 }] }, 'a \\*red\\* <u>cat</u>'],
    ['a command, its words as they are', { text: '/new a bold plan', entities: [{ type: 'bot_command', offset: 0, length: 4 }, { type: 'bold', offset: 7, length: 4 }] }, '/new a bold plan'],
    ['a word that is one all the same', { text: 'stop', entities: [{ type: 'bold', offset: 0, length: 4 }] }, 'stop'],
  ])('CHN-03: %s is told', async (_name, extra, text) => {
    const { server, anna, host } = await stage()
    server.say(anna, '', { extra: { ...extra } as never })
    expect((await taken(host, 1))[0]).toMatchObject({ text, sender: { id: '11' } })
  })

  it('CHN-03: what the network says of itself, and kinds that are no words to us, are nothing', async () => {
    const { server, anna, host } = await stage({}, { privacy: false })
    const group = server.group(-100_9)
    const services: Record<string, unknown>[] = [
      { new_chat_members: [{ id: 5, is_bot: false, first_name: 'Ben' }] }, { left_chat_member: { id: 5, is_bot: false, first_name: 'Ben' } }, { new_chat_title: '/panic' }, { new_chat_photo: [] }, { delete_chat_photo: true }, { group_chat_created: true },
      { pinned_message: { message_id: 1, date: 1, chat: { id: -100_9, type: 'supergroup', title: 'x' }, text: '/panic' } }, { message_auto_delete_timer_changed: { message_auto_delete_time: 60 } }, { forum_topic_created: { name: '/panic', icon_color: 1 } },
      { forum_topic_closed: {} }, { general_forum_topic_hidden: {} }, { video_chat_started: {} }, { video_chat_ended: { duration: 1 } }, { boost_added: { boost_count: 1 } }, { chat_background_set: { type: {} } }, { users_shared: { request_id: 1, users: [] } },
      { web_app_data: { data: '/panic', button_text: 'x' } }, { write_access_allowed: {} }, { successful_payment: { currency: 'EUR', total_amount: 1 } }, { checklist_tasks_done: { marked_as_done_task_ids: [1] } }, { giveaway_created: {} }, { gift: {} }, { proximity_alert_triggered: {} },
    ]
    for (const extra of services) server.say(anna, '', { in: group, extra: extra as never })
    const message = { message_id: 900_001, date: 1, chat: { id: 11, type: 'private', first_name: 'Anna' }, from: { id: 11, is_bot: false, first_name: 'Anna' }, text: '/panic' }
    for (const update of [
      { edited_channel_post: message }, { poll: { id: '1', question: '/panic' } }, { poll_answer: { poll_id: '1', user: message.from, option_ids: [0] } }, { chat_join_request: { chat: message.chat, from: message.from, date: 1, bio: '/panic' } },
      { chat_member: { chat: message.chat } }, { message_reaction_count: { chat: message.chat, message_id: 1, date: 1, reactions: [] } }, { chat_boost: { chat: message.chat } }, { removed_chat_boost: { chat: message.chat } }, { pre_checkout_query: { id: '1', from: message.from } },
      { shipping_query: { id: '1', from: message.from } }, { purchased_paid_media: { from: message.from } }, { business_connection: { id: '1' } }, { edited_business_message: message }, { deleted_business_messages: { chat: message.chat, message_ids: [1] } }, { guest_message: message },
    ]) server.inject(update as never)
    server.say(anna, 'fine')
    await taken(host, 1)
    expect([host.taken.map(({ text }) => text), host.notices]).toEqual([['fine'], []])
    await server.until(() => server.unconfirmed().length === 0, 'the acknowledgement')
  })

  it('a pressed button becomes its data, and is answered once it is durable', async () => {
    const { server, anna, host, connection } = await stage()
    const id = await connection.send(direct(anna.id), words('choose'), signal)
    host.rejectNext(1)
    const { callbackId } = server.press(anna, { chatId: anna.id, messageId: Number(id) }, 'yes:1')
    const [message] = await taken(host, 1)
    expect(message).toMatchObject({ text: 'callback_data: yes:1', mentioned: 'yes', sender: { id: '11' }, quoted: { id, fromUs: true } })
    await server.until(() => server.answeredPresses.includes(callbackId), 'the answer to the press')
  })

  it('edits, membership changes and unknown kinds are passed over without stopping anything', async () => {
    const { server, anna, host } = await stage()
    const said = server.say(anna, 'first')
    server.edit(said, 'changed')
    server.inject({ some_future_kind: { chat: { id: 11 } } })
    server.inject({ message: null })
    server.inject({ message: { message_id: 'what', chat: 7 } })
    server.memberChange(server.group(-5), 'kicked')
    server.say(anna, 'second')
    expect((await taken(host, 2)).map((message) => message.text)).toEqual(['first', 'second'])
    await server.until(() => server.unconfirmed().length === 0, 'the acknowledgement')
  })

  it('reactions and moved groups are notices', async () => {
    const { server, anna, host, connection } = await stage()
    const group = server.group(-50, { title: 'Old', kind: 'group' })
    // Reactions come only to who has asked for them: the first poll does. Before it they are never told, to nobody.
    server.say(anna, 'hello')
    await taken(host, 1)
    const id = await connection.send(direct(anna.id), words('nice'), signal)
    server.react(anna, { chatId: anna.id, messageId: Number(id) }, '👍')
    server.migrate(group, -100_50)
    // They are of two chats, which do not wait for each other; and a poll whose answer came late is asked again, and brings them again.
    await host.until(() => ['reaction', 'chat-moved'].every((wanted) => host.notices.some(({ kind }) => kind === wanted)), 'the notices')
    expect(host.notices.find(({ kind }) => kind === 'reaction')).toMatchObject({ kind: 'reaction', emoji: '👍', removed: false, message: id })
    expect(host.notices.find(({ kind }) => kind === 'chat-moved')).toMatchObject({ kind: 'chat-moved', from: '-50', to: '-10050' })
    // A reply whose place was fixed before the move still reaches the same people.
    await connection.send({ ...direct(-50), kind: 'group' }, words('still here'), signal)
    expect(server.sent.at(-1)).toMatchObject({ chatId: -100_50, text: 'still here' })
  })
})

describe('groups', () => {
  it('hear a command addressed to the bot as the command, and one for another bot as it is', async () => {
    const { server, anna, host } = await stage({}, { privacy: false })
    const group = server.group(-100_9)
    server.say(anna, `/help@${server.bot.username} me`, { in: group })
    server.say(anna, '/help@other_bot', { in: group })
    server.say(anna, 'hey you', { in: group, extra: { entities: [{ type: 'text_mention', offset: 4, length: 3, user: { id: server.bot.id, is_bot: true, first_name: 'M' } }] } })
    expect((await taken(host, 3)).map(({ text, mentioned }) => ({ text, mentioned }))).toEqual([
      { text: '/help me', mentioned: 'yes' }, { text: '/help@other_bot', mentioned: 'no' }, { text: 'hey you', mentioned: 'yes' },
    ])
  })

  it('see channel posts and anonymous admins as the chat that speaks', async () => {
    const { server, anna, host } = await stage({}, { privacy: false })
    const channel = server.group(-100_7, { kind: 'channel', title: 'News' })
    const group = server.group(-100_8, { title: 'Club' })
    server.post(channel, 'today')
    server.say(anna, 'hidden', { in: group, extra: { from: { id: 1087968824, is_bot: true, first_name: 'Group' }, sender_chat: { id: -100_8, type: 'supergroup', title: 'Club' } } })
    const messages = await taken(host, 2)
    const of = (text: string): unknown => messages.find((message) => message.text === text)
    expect(of('today')).toMatchObject({ chat: { kind: 'channel' }, sender: { id: '-1007', name: 'News' } })
    expect(of('hidden')).toMatchObject({ sender: { id: '-1008', name: 'Club' } })
  })

  it('with topics: the general one is left out of sends and named in the typing sign', async () => {
    const { server, anna, host, connection } = await stage({}, { privacy: false })
    const forum = server.group(-100_6, { forum: true })
    server.say(anna, 'general', { in: forum })
    const [message] = await taken(host, 1)
    expect(message?.chat.thread).toBe('1')
    await connection.send(message?.chat as ChatRef, words('answer'), signal)
    await connection.typing?.(message?.chat as ChatRef)
    expect(server.sent.at(-1)?.thread).toBeUndefined()
    expect(server.typing.at(-1)?.thread).toBe(1)
  })

  it('warn when privacy mode hides what the configuration wants to hear', async () => {
    const { host } = await stage({ groups: { '-1001': { requireMention: false } } })
    expect(host.reports.at(-1)).toMatchObject({ kind: 'connected', warning: expect.stringContaining('/setprivacy') as string })
    const quiet = await stage({ groups: { '-1001': { requireMention: false } } }, { privacy: false })
    expect(quiet.host.reports.at(-1)).not.toHaveProperty('warning')
  })
})

describe('sending', () => {
  it('falls back to plain words once when the rendered ones are refused', async () => {
    const { server, anna, connection } = await stage()
    server.fault('sendMessage', { status: 400, description: "Bad Request: can't parse entities: whatever" })
    await connection.send(direct(anna.id), words('**so it goes**'), signal)
    expect(server.sent.at(-1)).toMatchObject({ text: '**so it goes**', parseMode: undefined })
    server.fault('sendMessage', { status: 400, description: "Bad Request: can't parse entities: whatever", times: 2 })
    await expect(connection.send(direct(anna.id), words('**no**'), signal)).rejects.toMatchObject({ outcome: 'never' })
  })

  it('sends a table that grows beyond the limit as it was written', async () => {
    const { server, anna, connection } = await stage()
    const table = `| a | b |\n|---|---|\n| ${'x'.repeat(300)} | y |\n${'| 1 | 2 |\n'.repeat(30)}`
    await connection.send(direct(anna.id), words(table), signal)
    expect(server.sent.at(-1)?.text).toBe(table)
  })

  it('quotes with the first part only, unless told otherwise', async () => {
    const { server, anna, connection } = await stage()
    const { messageId } = server.say(anna, 'question')
    const replyTo = String(messageId)
    const first = words('1', { replyTo })
    for (const message of [first, words('2', { replyTo }), first]) await connection.send(direct(anna.id), message, signal)
    expect(server.sent.map((one) => one.replyTo)).toEqual([messageId, undefined, messageId])
    const other = await connect(server, { replyToMode: 'off' })
    await other.connection.send(direct(anna.id), words('3', { replyTo }), signal)
    expect(server.sent.at(-1)?.replyTo).toBeUndefined()
  })

  it('sends no previews unless told to, and no sounds where asked', async () => {
    const { server, anna, connection } = await stage()
    await connection.send(direct(anna.id), words('https://e.org', { silent: true }), signal)
    expect(server.sent.at(-1)).toMatchObject({ preview: false, silent: true })
  })

  it.each([
    [{ status: 502, body: 'Bad Gateway' }, 'unknown'], [{ status: 403, body: 'a proxy says no' }, 'not-sent'], [{ status: 200, body: '<html>captive portal' }, 'unknown'],
    [{ status: 500, description: 'Internal Server Error' }, 'not-sent'], [{ status: 500, description: 'Internal Server Error: restart' }, 'unknown'],
    [{ status: 504, description: 'Gateway Timeout' }, 'unknown'], [{ status: 400, description: 'Bad Request: chat not found' }, 'never'], [{ status: 403, description: 'Forbidden: bot was kicked' }, 'never'],
    [{ status: 401, description: 'Unauthorized' }, 'not-sent'], [{ reset: true }, 'unknown'],
  ] as const)('a failure %j is "%s"', async (fault, outcome) => {
    const { server, anna, connection } = await stage()
    server.fault('sendMessage', fault)
    await expect(connection.send(direct(anna.id), words('x'), signal)).rejects.toMatchObject({ outcome })
  })

  it('that hangs ends, uncertain, when it is called off', async () => {
    const { server, anna, connection } = await stage()
    server.fault('sendMessage', { hang: true })
    const controller = new AbortController()
    const sending = connection.send(direct(anna.id), words('x'), controller.signal)
    const outcome = expect(sending).rejects.toMatchObject({ outcome: 'unknown' })
    await server.until(() => server.calls.some((call) => call.method === 'sendMessage'), 'the call')
    controller.abort()
    await outcome
  })

  it('can only open a direct chat with a person', async () => {
    const { connection } = await stage()
    await expect(connection.openDirect?.('-1001' as never)).rejects.toMatchObject({ outcome: 'never' })
  })

  it('tells how replies shall be shown while they are written', async () => {
    const { server, connection } = await stage({ streaming: { mode: 'block' } })
    expect(connection.limits).toMatchObject({ streaming: 'block', textLengthMax: 4_000 })
    expect((await connect(server, { streamMode: 'off', textChunkLimit: 500 })).connection.limits).toMatchObject({ streaming: 'off', textLengthMax: 500 })
  })
})

describe('polling', () => {
  it('goes on from the written offset, but not with another bot’s or an outdated one', async () => {
    const { server, anna } = await serve()
    const first = await connect(server)
    const { updateId } = server.say(anna, 'one')
    await taken(first.host, 1)
    await first.connection.close()
    expect(JSON.parse(first.host.memory.get('offset') ?? '{}')).toMatchObject({ bot: server.bot.id, next: updateId + 1 })
    // Telegram may never have heard the acknowledgement; the message still does not come twice.
    const second = await connect(server, {}, { memory: first.host.memory })
    server.say(anna, 'two')
    await taken(second.host, 1)
    expect(second.host.calls.map((call) => call.message.text)).toEqual(['two'])
    await second.connection.close()
    const stale = new Map([['offset', JSON.stringify({ bot: server.bot.id, next: updateId + 1_000_000, at: Date.now() - 8 * 86_400_000 })]])
    const third = await connect(server, {}, { memory: stale })
    server.say(anna, 'three')
    await third.host.until(() => third.host.taken.at(-1)?.text === 'three', 'the message in spite of the outdated offset')
    await third.connection.close()
    const foreign = await connect(server, {}, { memory: new Map([['offset', JSON.stringify({ bot: 1, next: 99_999_999, at: Date.now() })]]) })
    server.say(anna, 'four')
    await foreign.host.until(() => foreign.host.taken.at(-1)?.text === 'four', 'the message in spite of the other bot’s offset')
  })

  it('forgets its offset after a week of silence, because Telegram starts counting anew', async () => {
    const { server } = await serve({ longPollMaxMs: 50 })
    const clock = new FakeClock(Date.now())
    const memory = new Map([['offset', JSON.stringify({ bot: server.bot.id, next: 2_000_000, at: clock.now() - 6 * 86_400_000 + 10_000 })]])
    const { host } = await connect(server, {}, { memory, clock })
    const polls = (): unknown[] => server.calls.filter((call) => call.method === 'getUpdates').map((call) => call.payload.offset)
    await server.until(() => polls().length >= 2, 'polls')
    expect(new Set(polls())).toEqual(new Set([2_000_000]))
    await clock.advance(10_001)
    await server.until(() => polls().at(-1) === undefined, 'a poll without an offset')
    server.inject({ update_id: 5, message: { message_id: 900, date: 1, chat: { id: 11, type: 'private', first_name: 'A' }, from: { id: 11, is_bot: false, first_name: 'A' }, text: 'a low id' } })
    expect((await taken(host, 1)).at(-1)?.text).toBe('a low id')
  })

  it('asks five times a second at most while something is held back', async () => {
    const { server, anna } = await serve()
    const clock = new FakeClock(Date.now())
    const { host, connection } = await connect(server, {}, { clock })
    const polls = (): number => server.counts().calls.getUpdates ?? 0
    await server.until(() => polls() === 1, 'the first poll')
    const release = host.hold()
    server.say(anna, 'stuck')
    await host.until(() => host.calls.length === 1, 'the hand-over')
    for (const expected of [2, 3, 4]) {
      await clock.advance(200)
      await server.until(() => polls() === expected, 'one more poll')
      // A whole round trip later there is still no other one.
      await connection.probe?.(signal)
      expect(polls()).toBe(expected)
    }
    release()
    await taken(host, 1)
    expect(host.calls.length).toBe(1)
  })

  it('says who is in the way when another program polls, and goes on when it is gone', async () => {
    const { server, anna } = await serve()
    const { host } = await connect(server, {}, { clock: fastClock(20) })
    server.conflict(6)
    await host.until(() => host.reports.some((report) => report.kind === 'retrying' && /another program/i.test(report.reason)), 'the first words')
    await host.until(() => host.reports.some((report) => report.kind === 'needs-you' && report.action.includes('@BotFather')), 'the call for help')
    server.say(anna, 'still there')
    await taken(host, 1)
    expect(host.reports.at(-1)?.kind).toBe('connected')
  })

  it('removes a webhook somebody left behind', async () => {
    const { server, anna } = await serve()
    await fetch(`${server.apiRoot}/bot${server.token}/setWebhook`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ url: 'https://gone.example/hook' }) })
    const { host } = await connect(server)
    server.say(anna, 'hello')
    await taken(host, 1)
  })

  it('is slowed down as long as Telegram asks, and says so', async () => {
    const { server, anna } = await serve()
    const { host } = await connect(server, {}, { clock: fastClock(20) })
    server.fault('getUpdates', { status: 429, description: 'Too Many Requests: retry after 5', retryAfter: 5 })
    await host.until(() => host.reports.some((report) => report.kind === 'throttled'), 'the report')
    server.say(anna, 'slowly')
    await taken(host, 1)
    await host.until(() => host.reports.at(-1)?.kind === 'connected', 'the return')
  })

  it('takes what comes in bursts of more than one batch, in order', async () => {
    const { server, anna, host } = await stage()
    const ben = server.user(12)
    for (let index = 0; index < 150; index++) {
      server.say(anna, `a${index}`)
      server.say(ben, `b${index}`)
    }
    const messages = await taken(host, 300)
    for (const letter of ['a', 'b']) {
      expect(messages.map((message) => message.text).filter((text) => text.startsWith(letter))).toEqual(Array.from({ length: 150 }, (_, index) => `${letter}${index}`))
    }
    await server.until(() => server.unconfirmed().length === 0, 'the acknowledgement')
    expect(host.calls.length).toBe(300)
  })
})

describe('the webhook', () => {
  async function hooked(serverOptions: TelegramServerOptions = {}, hostOptions: TestHostOptions = {}): Promise<Stage & { url: string; again(options: TestHostOptions): Promise<{ host: TestHost }> }> {
    const { server, anna } = await serve({ webhookRetryMs: 5, ...serverOptions })
    const probe = await startTelegramServer()
    const { port } = probe
    await probe.close()
    const url = `http://127.0.0.1:${port}/telegram-webhook`
    const open = (options: TestHostOptions) => connect(server, { webhookUrl: url, webhookPort: port }, options)
    return { server, anna, url, again: open, ...(await open(hostOptions)) }
  }

  it('takes messages in order and answers only when they are durable', async () => {
    const { server, anna, host } = await hooked()
    host.rejectNext(1)
    const said = ['one', 'two', 'three'].map((text) => server.say(anna, text))
    expect((await taken(host, 3)).map((message) => message.text)).toEqual(['one', 'two', 'three'])
    await server.until(() => said.every(({ updateId }) => server.isConfirmed(updateId)), 'the acknowledgement')
    expect(server.counts().webhookRejected).toBe(1)
  })

  it('takes nothing without the secret, and does not read what is too big', async () => {
    const { url, host } = await hooked()
    const post = async (headers: Record<string, string>, body: string, to = url): Promise<number> => (await fetch(to, { method: 'POST', headers, body })).status
    const right = { 'x-telegram-bot-api-secret-token': 'web-hook_secret' }
    const update = JSON.stringify({ update_id: 1, message: { message_id: 1, date: 1, chat: { id: 11, type: 'private', first_name: 'A' }, from: { id: 11, is_bot: false, first_name: 'A' }, text: 'forged' } })
    expect(await post({}, update)).toBe(401)
    expect(await post({ 'x-telegram-bot-api-secret-token': 'web-hook_secreT' }, update)).toBe(401)
    expect(await post(right, update, url.replace('/telegram-webhook', '/other'))).toBe(404)
    expect((await fetch(url)).status).toBe(405)
    expect(await post(right, 'x'.repeat(1024 * 1024 + 1)).catch(() => 413)).toBe(413)
    expect(host.calls).toEqual([])
    expect(await post(right, 'no json')).toBe(200)
    expect(await post(right, update)).toBe(200)
    expect(host.taken.map((message) => message.text)).toEqual(['forged'])
  })

  it('joins a long text and an album, and acknowledges every piece', async () => {
    const { server, anna, host } = await hooked()
    const parts = ['a'.repeat(4_096), 'b'.repeat(4_096), 'the end'].map((text) => server.say(anna, text))
    const pictures = [1, 2, 3].map((fill) => new Uint8Array(2_000).fill(fill))
    const album = server.album(anna, pictures, { caption: 'holiday' })
    const [text, images] = await taken(host, 2)
    expect(text).toMatchObject({ id: String(parts[0]?.messageId), text: `${'a'.repeat(4_096)}${'b'.repeat(4_096)}the end`, joinedIds: parts.slice(1).map((part) => String(part.messageId)) })
    expect(images).toMatchObject({ id: String(album[0]?.messageId), text: 'holiday', joinedIds: album.slice(1).map((one) => String(one.messageId)) })
    expect(images?.attachments.map((one) => one.data)).toEqual(pictures.map((bytes) => Buffer.from(bytes).toString('base64')))
    await server.until(() => server.unconfirmed().length === 0, 'the acknowledgement')
    expect(host.calls.length).toBe(2)
  })

  it('keeps a piece over a stop between two of them, once it was acknowledged', async () => {
    const sealed = new Map<string, string>()
    const { server, anna, host, connection, again } = await hooked({}, { sealed })
    const first = server.say(anna, 'a'.repeat(4_096))
    await server.until(() => server.isConfirmed(first.updateId), 'the acknowledgement')
    expect(host.calls).toEqual([])
    expect(sealed.size).toBe(1)
    await connection.close()
    const second = server.say(anna, 'the end')
    const { host: next } = await again({ sealed })
    await server.until(() => server.isConfirmed(second.updateId), 'the other piece')
    expect((await taken(next, 1)).map((message) => message.text)).toEqual([`${'a'.repeat(4_096)}the end`])
    await next.until(() => next.calls.length === 1, 'the hand-over')
  })

  it('hands over a kept piece also when the bot was switched to polling meanwhile', async () => {
    const sealed = new Map<string, string>()
    const { server, anna, connection } = await hooked({}, { sealed })
    const first = server.say(anna, 'a'.repeat(4_096))
    await server.until(() => server.isConfirmed(first.updateId), 'the acknowledgement')
    await connection.close()
    const { host: next } = await connect(server, {}, { sealed })
    expect((await taken(next, 1)).map((message) => message.text)).toEqual(['a'.repeat(4_096)])
  })

  it('twin: where holding only pretends, that piece is lost', async () => {
    const sealed = new Map<string, string>()
    const { server, anna, connection, again } = await hooked({}, { sealed })
    const first = server.say(anna, 'a'.repeat(4_096))
    await server.until(() => server.isConfirmed(first.updateId), 'the acknowledgement')
    await connection.close()
    sealed.clear()
    server.say(anna, 'the end')
    const { host: next } = await again({ sealed })
    expect((await taken(next, 1)).map((message) => message.text)).toEqual(['the end'])
  })

  it('hands over once more what was handed over and still held when the gateway died: it is known', async () => {
    const sealed = new Map<string, string>()
    const known = new Set<string>()
    const { server, anna, host, connection, again } = await hooked({}, { sealed, known })
    let asItWas = new Map<string, string>()
    const first = server.say(anna, 'a'.repeat(4_096))
    const second = server.say(anna, 'the end')
    const keep = host.sealed.set
    host.sealed.set = async (values) => {
      await keep(values)
      if (sealed.size > 0) asItWas = new Map(sealed)
    }
    await taken(host, 1)
    await server.until(() => server.isConfirmed(first.updateId) && server.isConfirmed(second.updateId), 'the acknowledgement')
    await connection.close()
    expect(sealed.size).toBe(0)
    const { host: next } = await again({ sealed: asItWas, known })
    await next.until(() => next.calls.length > 0 && asItWas.size === 0, 'what was held to be handed over again')
    expect(next.taken).toEqual([])
  })

  it('tries a joined text again that cannot be written down, and nothing of the chat overtakes it', async () => {
    const { server, anna, host } = await hooked()
    host.rejectNext(2)
    const said = ['a'.repeat(4_096), 'the end', 'and then'].map((text) => server.say(anna, text))
    expect((await taken(host, 2)).map((message) => message.text.slice(-8))).toEqual(['athe end', 'and then'])
    await server.until(() => said.every(({ updateId }) => server.isConfirmed(updateId)), 'the acknowledgement')
  })

  it('without a place to hold them, pieces come as messages of their own and are answered only when they are durable', async () => {
    const { server, anna, host } = await hooked()
    host.sealed.set = () => Promise.reject(new Error('the vault is locked'))
    const said = ['a'.repeat(4_096), 'the end'].map((text) => server.say(anna, text))
    expect((await taken(host, 2)).map((message) => message.text.length)).toEqual([4_096, 7])
    await server.until(() => said.every(({ updateId }) => server.isConfirmed(updateId)), 'the acknowledgement')
  })

  it('needs a secret', async () => {
    const { server } = await serve()
    await expect(connect(server, { webhookUrl: 'https://example.org/hook' }, { secrets: { botToken: server.token } })).rejects.toMatchObject({ permanent: true })
    await expect(connect(server, { webhookUrl: 'https://example.org/hook' }, { secrets: { botToken: server.token, webhookSecret: 'spaces are wrong' } })).rejects.toMatchObject({ permanent: true })
  })
})

describe('opening', () => {
  it('fills the menu with the commands it is offered and those of the configuration', async () => {
    const { server } = await serve()
    const custom = [{ command: '/Weather', description: 'the sky' }, { command: 'help', description: 'taken' }, { command: 'not valid', description: 'x' }]
    const { host } = await connect(server, { customCommands: custom }, { commands: [{ name: 'help', description: 'What I can do' }, { name: 'no-good', description: 'x' }] })
    await server.until(() => server.commands.length > 0, 'the menu')
    expect(server.commands).toEqual([{ command: 'help', description: 'What I can do' }, { command: 'weather', description: 'the sky' }])
    expect(host.log.lines.filter((line) => line.message.includes('menu entry')).length).toBe(2)
  })

  it('reads the token from a file, and refuses what is no token', async () => {
    const { server } = await serve()
    const file = join(tmpdir(), `telegram-token-${process.pid}`)
    await writeFile(file, `${server.token}\n`, { mode: 0o600 })
    const { connection } = await connect(server, { tokenFile: file }, { secrets: {} })
    expect(await connection.probe?.(signal)).toBe('@molt_test_bot')
    await rm(file)
    await expect(connect(server, { tokenFile: file }, { secrets: {} })).rejects.toMatchObject({ permanent: true, next: expect.stringContaining('tokenFile') as string })
    await expect(connect(server, {}, { secrets: { botToken: '1:a/../../evil' } })).rejects.toMatchObject({ permanent: true })
    await expect(connect(server, { apiRoot: 'file:///etc' })).rejects.toMatchObject({ permanent: true })
  })

  it('works with an apiRoot that ends in a slash', async () => {
    const { server } = await serve()
    await connect(server, { apiRoot: `${server.apiRoot}/` })
  })

  it('does not follow a redirect with the token in the address', async () => {
    const { server } = await serve()
    const elsewhere = await serve()
    server.fault('getMe', { status: 302, body: '', headers: { location: `${elsewhere.server.apiRoot}/bot${elsewhere.server.token}/getMe` } })
    await expect(connect(server)).rejects.toMatchObject({ permanent: false })
    expect(elsewhere.server.calls).toEqual([])
  })

  it('gives two accounts two connections that do not mix', async () => {
    const [one, two] = [await serve(), await serve({ token: '777:other' })]
    const a = await connect(one.server, {}, { account: 'work' as never })
    const b = await connect(two.server, {}, { account: 'home' as never, secrets: { botToken: two.server.token } })
    one.server.say(one.anna, 'to work')
    two.server.say(two.anna, 'to home')
    expect((await taken(a.host, 1))[0]).toMatchObject({ text: 'to work', chat: { account: 'work' } })
    expect((await taken(b.host, 1))[0]).toMatchObject({ text: 'to home', chat: { account: 'home' } })
  })
})


import type { ChatRef, OutgoingMessage } from '@moltbot/contract'
import { fastClock, type TestHostOptions } from '@moltbot/contract/testing'
import { afterEach, describe, expect, it } from 'vitest'
import type { SlackPerson, SlackServer } from '../../../test/fakes/slack-server/index.ts'
import { closeStages, connect, signal, stage, type Stage, taken, words } from './testing/stage.ts'

afterEach(closeStages)

describe('what goes out', () => {
  async function chatting(config: Record<string, unknown> = {}, options: TestHostOptions = {}): Promise<Stage & { chat: ChatRef; ts: string }> {
    const at = await stage(config, {}, options)
    const { ts } = at.server.say(at.anna, 'hi')
    const [message] = await taken(at.host, 1)
    return { ...at, chat: message?.chat as ChatRef, ts }
  }

  it('CHN-22: calls nobody, shows no previews unless they are wanted', async () => {
    const { server, connection, chat } = await chatting()
    await connection.send(chat, words('<!channel> <@U0ANY> look at https://e.org'), signal)
    expect(server.sent[0]?.payload).toMatchObject({ text: '&lt;!channel&gt; &lt;@U0ANY&gt; look at https://e.org', unfurl_links: 'false', unfurl_media: 'false', link_names: 'false' })
  })

  it('is put into a thread as configured, by the kind of chat, and stays where it was asked', async () => {
    for (const [replyToMode, expected] of [['off', [false, false]], ['first', [true, false]], ['all', [true, true]]] as const) {
      const { server, connection, chat, ts } = await chatting({ replyToMode })
      for (const text of ['a', 'b']) await connection.send(chat, words(text, { replyTo: ts }), signal)
      expect(server.sent.map((message) => message.thread === ts)).toEqual(expected)
      await connection.send({ ...chat, thread: ts as never }, words('c'), signal)
      expect(server.sent.at(-1)?.thread).toBe(ts)
    }
    const { server, connection, chat, ts } = await chatting({ replyToMode: 'all', replyToModeByChatType: { direct: 'off' } })
    await connection.send(chat, words('a', { replyTo: ts }), signal)
    expect(server.sent[0]?.thread).toBeUndefined()
  })

  it('is found again by its key, in the chat and in a thread, and never mistaken for another', async () => {
    const { server, connection, chat, ts } = await chatting({ replyToMode: 'all' })
    const since = Date.now()
    for (const replyTo of [undefined, ts]) {
      const message = words('did it arrive?', replyTo === undefined ? {} : { replyTo })
      server.fault('chat.postMessage', { acceptThenReset: true })
      await expect(connection.send(chat, message, signal)).rejects.toMatchObject({ outcome: 'unknown' })
      expect(await connection.findSent?.(chat, message.key, since)).toBe(server.sent.at(-1)?.id)
    }
    const inThread = words('in the thread')
    const id = await connection.send({ ...chat, thread: ts as never }, inThread, signal)
    expect(await connection.findSent?.({ ...chat, thread: ts as never }, inThread.key, since)).toBe(id)
    expect(await connection.findSent?.({ ...chat, thread: ts as never }, 'none' as never, since)).toBeUndefined()
    for (let index = 0; index < 110; index++) server.say(server.person('crowd'), `noise ${index}`, { extra: { channel: chat.chat }, in: { id: chat.chat, name: undefined, kind: 'im' } })
    await expect(connection.findSent?.(chat, 'none' as never, since)).rejects.toMatchObject({ code: 'slack-history-unclear' })
  })

  it('one reaction takes the place of the one before, and none takes it back', async () => {
    const { server, connection, chat, ts } = await chatting()
    for (const emoji of ['👀', '✅', '✅']) await connection.react?.(chat, ts as never, emoji, signal)
    expect(server.reactions.get(`${chat.chat}/${ts}`)).toEqual(['white_check_mark'])
    await connection.react?.(chat, ts as never, '', signal)
    expect(server.reactions.get(`${chat.chat}/${ts}`)).toEqual([])
    await expect(connection.react?.(chat, ts as never, 'no emoji', signal)).rejects.toMatchObject({ outcome: 'never' })
  })

  it('a pin that the app has no right to is refused in words, and the account goes on', async () => {
    const { server, connection, anna, host } = await stage({}, { scopes: ['chat:write'] })
    const { ts } = server.say(anna, 'hi')
    const [{ chat } = { chat: undefined as never }] = await taken(host, 1)
    const id = await connection.send(chat, words('hold this up'), signal)
    for (const message of [id, ts as never]) await expect(connection.pin?.(chat, message, signal)).rejects.toMatchObject({ outcome: 'never', message: 'The Slack app lacks the scope pins:write.' })
    expect([server.pins.size, host.reports.at(-1)?.kind]).toEqual([0, 'connected'])
  })

  it('shows that it works in threads, and stops trying where it may not', async () => {
    const { server, connection, chat, ts } = await chatting()
    await connection.typing?.(chat)
    expect(server.statuses).toEqual([])
    await connection.typing?.({ ...chat, thread: ts as never })
    expect(server.statuses).toEqual([{ channel: chat.chat, thread: ts, status: 'is thinking…' }])
    server.fault('assistant.threads.setStatus', { status: 200, body: { ok: false, error: 'missing_scope' } })
    for (let index = 0; index < 3; index++) await connection.typing?.({ ...chat, thread: ts as never })
    expect(server.calls.get('assistant.threads.setStatus')).toBe(2)
  })

  it('that has to wait says so in the status, also when Slack does not say how long, and the status recovers', async () => {
    const { server, connection, chat, host } = await chatting({}, { clock: fastClock(100) })
    server.fault('chat.postMessage', { status: 429, body: { ok: false, error: 'ratelimited' }, headers: { 'retry-after': '3' } })
    await expect(connection.send(chat, words('fast'), signal)).rejects.toMatchObject({ outcome: 'not-sent', retryAfterMs: 3_000 })
    expect(host.reports.at(-1)?.kind).toBe('throttled')
    await host.until(() => host.reports.at(-1)?.kind === 'connected', 'the return')
    for (const fault of [{ status: 429, body: {} }, { status: 200, body: { ok: false, error: 'ratelimited' } }]) {
      server.fault('chat.postMessage', fault)
      await expect(connection.send(chat, words('fast'), signal)).rejects.toMatchObject({ outcome: 'not-sent', retryAfterMs: 30_000 })
    }
    server.fault('chat.postMessage', { status: 429, body: {}, headers: { 'retry-after': '99999999999' } })
    await expect(connection.send(chat, words('fast'), signal)).rejects.toMatchObject({ retryAfterMs: 900_000 })
  })

  it.each([
    ['account_inactive', 'not-sent', 'needs-you'], ['token_revoked', 'not-sent', 'needs-you'], ['missing_scope', 'not-sent', 'needs-you'], ['not_in_channel', 'never', 'connected'],
    ['channel_not_found', 'never', 'connected'], ['is_archived', 'never', 'connected'], ['msg_too_long', 'never', 'connected'], ['restricted_action', 'never', 'connected'],
    ['internal_error', 'unknown', 'connected'], ['service_unavailable', 'unknown', 'connected'],
  ])('%s is %s, and the account is %s', async (error, outcome, kind) => {
    const { server, connection, chat, host } = await chatting()
    server.fault('chat.postMessage', { status: 200, body: { ok: false, error, ...(error === 'missing_scope' ? { needed: 'chat:write' } : {}) } })
    await expect(connection.send(chat, words('x'), signal)).rejects.toMatchObject({ outcome })
    expect(host.reports.at(-1)).toMatchObject({ kind, ...(kind === 'needs-you' ? { action: expect.stringMatching(/\w+ \w+/) as string } : {}) })
    await connection.send(chat, words('again'), signal)
    expect(host.reports.at(-1)?.kind).toBe('connected')
  })

  it('a right that only reactions need does not stop the account', async () => {
    const { server, connection, chat, ts, host } = await chatting()
    server.fault('reactions.get', { status: 200, body: { ok: false, error: 'missing_scope', needed: 'reactions:read' } })
    await expect(connection.react?.(chat, ts as never, '👀', signal)).rejects.toMatchObject({ outcome: 'never' })
    expect(host.reports.at(-1)?.kind).toBe('connected')
  })

  it('lists the channels it is in', async () => {
    const { server, connection } = await chatting()
    const family = server.channel('family')
    expect(await connection.groups?.(signal)).toEqual([{ chat: family.id, title: 'family', members: 2 }])
  })

  it('never goes to what is no place of Slack’s, and not on after it was called off', async () => {
    const { server, connection, chat } = await chatting()
    for (const wrong of ['../auth.test', 'U0ANNA', '#family', '']) await expect(connection.send({ ...chat, chat: wrong as never }, words('x'), signal)).rejects.toMatchObject({ outcome: 'never' })
    await expect(connection.send({ ...chat, thread: 'x' as never }, words('x'), signal)).rejects.toMatchObject({ outcome: 'never' })
    await expect(connection.openDirect?.('@anna' as never)).rejects.toMatchObject({ outcome: 'never' })
    expect(server.calls.get('chat.postMessage')).toBeUndefined()
    server.fault('chat.postMessage', { status: 200, body: { ok: true } })
    await expect(connection.send(chat, words('x'), signal)).rejects.toMatchObject({ outcome: 'unknown' })
  })
})

describe('files and buttons', () => {
  const pdf = (text = 'a report'): Partial<OutgoingMessage> => {
    const bytes = Buffer.from(`%PDF-1.4 ${text}`)
    return { file: { kind: 'document', fileName: 'report.pdf', mimeType: 'application/pdf', sizeBytes: bytes.length, bytes: async () => bytes } }
  }
  const directTo = (server: SlackServer, anna: SlackPerson): ChatRef => ({ channel: 'slack', account: 'default', chat: server.direct(anna).id, kind: 'direct' }) as never

  it('a file whose end is uncertain is found by the file itself, after a restart too, and is not shown twice under its key', async () => {
    const { server, host, connection, anna } = await stage({}, {}, { clock: fastClock(20) })
    const chat = directTo(server, anna)
    const message = words('here', { key: 'uncertain', ...pdf() })
    server.fault('files.completeUploadExternal', { acceptThenReset: true })
    await expect(connection.send(chat, message, signal)).rejects.toMatchObject({ outcome: 'unknown' })
    await connection.close()
    const again = await connect(server, {}, { clock: fastClock(20), memory: host.memory })
    expect(await again.connection.findSent?.(chat, message.key, Date.now())).toBe(server.sent[0]?.id)
    expect(await again.connection.send(chat, message, signal)).toBe(server.sent[0]?.id)
    expect(server.sent.length).toBe(1)
  })

  it('a file that Slack never took to show is certainly not there, and goes out when it is sent again', async () => {
    const { server, connection, anna } = await stage({}, {}, { clock: fastClock(20) })
    const chat = directTo(server, anna)
    const message = words('', { key: 'lost', ...pdf() })
    server.fault('files.completeUploadExternal', { status: 500 })
    await expect(connection.send(chat, message, signal)).rejects.toMatchObject({ outcome: 'unknown' })
    expect(await connection.findSent?.(chat, message.key, Date.now())).toBeUndefined()
    expect(await connection.send(chat, message, signal)).toBe(server.sent[0]?.id)
  })

  it('a file Slack took and does not show is never called absent', async () => {
    const { server, connection, anna } = await stage({}, {}, { clock: fastClock(20) })
    const chat = directTo(server, anna)
    server.showFilesAfter(1_000)
    await expect(connection.send(chat, words('', { key: 'hidden', ...pdf() }), signal)).rejects.toMatchObject({ outcome: 'unknown' })
    await expect(connection.findSent?.(chat, 'hidden' as never, Date.now())).rejects.toMatchObject({ code: 'slack-history-unclear' })
  })

  it('what breaks before Slack was asked to show it was certainly not sent; a right that is missing is said, and the account goes on', async () => {
    const { server, connection, anna } = await stage()
    server.fault('files.getUploadURLExternal', { status: 500 })
    await expect(connection.send(directTo(server, anna), words('', pdf()), signal)).rejects.toMatchObject({ outcome: 'not-sent' })
    const other = await stage({}, { scopes: ['chat:write'] })
    await expect(other.connection.send(directTo(other.server, other.anna), words('', pdf()), signal)).rejects.toMatchObject({ outcome: 'never', message: 'The Slack app lacks the scope files:write.' })
    expect(other.host.reports.at(-1)?.kind).toBe('connected')
    expect([...server.sent, ...other.server.sent]).toEqual([])
  })

  it('goes to an address of Slack’s and to no other', async () => {
    const { server, connection, anna } = await stage()
    server.fault('files.getUploadURLExternal', { body: { ok: true, upload_url: 'https://evil.example/upload', file_id: 'F0EVIL' } })
    await expect(connection.send(directTo(server, anna), words('', pdf()), signal)).rejects.toMatchObject({ outcome: 'not-sent' })
    expect(server.calls.get('files.completeUploadExternal')).toBeUndefined()
  })

  it('stands in its thread, has buttons below it, and loses them with its next words', async () => {
    const { server, host, connection, anna } = await stage()
    const family = server.channel('family')
    const root = server.say(anna, 'hello', { in: family })
    server.say(anna, 'you?', { in: family, thread: root.ts, mention: true })
    const chat = (await taken(host, 2))[1]?.chat as ChatRef
    const id = await connection.send(chat, words('the report', { ...pdf(), buttons: [{ label: 'Fine', says: 'it is fine' }] }), signal)
    expect(server.sent[0]).toMatchObject({ id, thread: root.ts, text: 'the report', file: { name: 'report.pdf' }, buttons: [{ label: 'Fine' }] })
    server.tap(anna, id, 'Fine')
    await taken(host, 3)
    expect(host.taken[2]).toMatchObject({ text: 'it is fine', chat: { chat: family.id, thread: root.ts }, quoted: { id, fromUs: true } })
    await connection.edit?.(chat, id, words('done'), signal)
    expect(server.sent[0]).toMatchObject({ text: 'done', buttons: [], file: { name: 'report.pdf' } })
  })

  it('long words above buttons lose nothing and stay code where they are code', async () => {
    const { server, connection, anna } = await stage({ textChunkLimit: 8_000 })
    const lines = Array.from({ length: 300 }, (_, index) => `line ${index} of this`)
    await connection.send(directTo(server, anna), words(`Look:\n\n\`\`\`\n${lines.join('\n')}\n\`\`\`\n\nRight?`, { buttons: [{ label: 'Yes', says: 'yes' }] }), signal)
    const blocks = JSON.parse(String(server.sent[0]?.payload['blocks'])) as { text?: { text: string } }[]
    const parts = blocks.flatMap((block) => (block.text === undefined ? [] : [block.text.text]))
    expect(parts.length).toBeGreaterThan(1)
    for (const part of parts) expect(part.split('```').length % 2).toBe(1)
    expect(parts.join('\n').split('\n').filter((line) => line.startsWith('line '))).toEqual(lines)
  })
})

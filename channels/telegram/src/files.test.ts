import type { ChatRef, Connection, OutgoingFile, OutgoingMessage, PlatformMessageId } from '@moltbot/contract'
import { createTestHost, sampleFiles, type TestHost } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTelegramServer, type FakeUser, type TelegramServer } from '../../../test/fakes/telegram-server/index.ts'
import { telegram, telegramSection } from './index.ts'

let server: TelegramServer
let connection: Connection
let host: TestHost
let anna: FakeUser
let lastKey = 0
const signal = new AbortController().signal
const chat = { channel: 'telegram', account: 'default', chat: '11', kind: 'direct' } as ChatRef
const send = (markdown: string, more: Partial<OutgoingMessage> = {}): Promise<PlatformMessageId> => connection.send(chat, { key: `k${++lastKey}` as never, markdown, ...more }, signal)
const last = (): TelegramServer['sent'][number] => server.sent.at(-1) as TelegramServer['sent'][number]
const methods = (): string[] => server.calls.map(({ method }) => method).filter((method) => method.startsWith('send'))
const filled = (kind: OutgoingFile['kind'], fileName: string, mimeType: string, begin: Uint8Array, sizeBytes = begin.length): OutgoingFile => {
  const bytes = Buffer.alloc(sizeBytes)
  bytes.set(begin)
  return { kind, fileName, mimeType, sizeBytes, bytes: async () => bytes }
}

beforeAll(async () => {
  server = await startTelegramServer({ longPollMaxMs: 300 })
  anna = server.user(11, { name: 'Anna' })
  host = createTestHost({ secrets: { botToken: server.token } })
  connection = await telegram.connect(Value.Default(telegramSection.schema, { apiRoot: server.apiRoot }) as never, host)
})
afterAll(async () => {
  await connection.close()
  await server.close()
})
beforeEach(() => {
  server.clearFaults()
  server.calls.length = 0
})

describe('a file', () => {
  it.each([['image', 'sendPhoto', 'image'], ['voice', 'sendVoice', 'voice'], ['audio', 'sendAudio', 'audio'], ['video', 'sendVideo', 'video'], ['document', 'sendDocument', 'document']] as const)('of the kind %s is shown as one', async (kind, method, as) => {
    await send('look', { file: sampleFiles[kind] })
    expect(methods()).toEqual([method])
    expect(last()).toMatchObject({ text: 'look', file: { as, name: sampleFiles[kind].fileName, mimeType: sampleFiles[kind].mimeType } })
  })

  it('that moves goes as an animation, and what Telegram can not show as a document', async () => {
    await send('', { file: filled('image', 'a.gif', 'image/gif', Buffer.from('GIF89a')) })
    await send('', { file: filled('audio', 'a.wav', 'audio/wav', Buffer.from('RIFF')) })
    await send('', { file: filled('video', 'a.webm', 'video/webm', Buffer.from('\x1a\x45\xdf\xa3', 'latin1')) })
    expect(methods()).toEqual(['sendAnimation', 'sendDocument', 'sendDocument'])
  })

  it('that is a picture of more than 10 MB, or one Telegram refuses to show, goes as a document', async () => {
    const png = await sampleFiles.image.bytes()
    await send('', { file: filled('image', 'huge.png', 'image/png', png, 10_000_001) })
    await send('', { file: filled('image', 'odd.png', 'image/png', Buffer.from('not a picture at all')) })
    expect(methods()).toEqual(['sendDocument', 'sendPhoto', 'sendDocument'])
    expect(last().file?.name).toBe('odd.png')
  })

  it('keeps the look of its words, which fit after rendering', async () => {
    await send('**bold** <b>', { file: sampleFiles.image })
    expect(last()).toMatchObject({ text: 'bold <b>', entities: [{ type: 'bold', offset: 0, length: 4 }] })
    await send(`| a | b |\n|---|---|\n${'| 1 | 2 |\n'.repeat(98)}`.slice(0, 1_000), { file: sampleFiles.image })
    expect(last().text.length).toBeLessThanOrEqual(1_024)
  })

  it('has words that can be edited', async () => {
    const id = await send('draft', { file: sampleFiles.document })
    await connection.edit?.(chat, id, { key: 'e' as never, markdown: 'final' }, signal)
    await connection.edit?.(chat, id, { key: 'e' as never, markdown: 'final' }, signal)
    expect(last()).toMatchObject({ text: 'final', file: { name: 'report.pdf' } })
  })

  it('goes where a group moved to', async () => {
    const group = server.group(-77, { kind: 'group', title: 'Old' })
    server.migrate(group, -1_000_077)
    await connection.send({ ...chat, chat: '-77' as never, kind: 'group' }, { key: 'm1' as never, markdown: '', file: sampleFiles.document }, signal)
    expect(last().chatId).toBe(-1_000_077)
  })

  it('is told with the wait asked for when we are too fast, and as never sent when it is too large', async () => {
    server.fault('sendDocument', { status: 429, description: 'Too Many Requests: retry after 3', retryAfter: 3 })
    await expect(send('', { file: sampleFiles.document })).rejects.toMatchObject({ outcome: 'not-sent', retryAfterMs: 3_000 })
    server.fault('sendDocument', { status: 413, description: 'Request Entity Too Large' })
    await expect(send('', { file: sampleFiles.document })).rejects.toMatchObject({ outcome: 'never' })
    server.fault('sendDocument', { status: 502, body: '<html>bad gateway</html>' })
    await expect(send('', { file: sampleFiles.document })).rejects.toMatchObject({ outcome: 'unknown' })
  })
})

describe('a button', () => {
  it('carries what it says, at most 64 bytes of it, beside others where they are short', async () => {
    await send('Which?', { buttons: [{ label: 'Yes', says: 'y'.repeat(60) }, { label: 'No', says: 'no' }] })
    expect(last().buttons).toEqual([[{ text: 'Yes', callback_data: `say:${'y'.repeat(60)}` }, { text: 'No', callback_data: 'say:no' }]])
    await send('Which?', { buttons: [{ label: 'Yes, and from now on always', says: 'always' }, { label: 'No', says: 'no' }] })
    expect(last().buttons.map((row) => row.length)).toEqual([1, 1])
  })

  it('says what it says, and only one of ours does', async () => {
    await send('Which?', { buttons: [{ label: 'Yes', says: '/approve AB23 once' }] })
    server.press(anna, last(), 'say:/approve AB23 once')
    server.press(anna, last(), 'yes')
    await host.until(() => host.taken.length === 2, 'both presses')
    expect(host.taken.map(({ text }) => text)).toEqual(['/approve AB23 once', 'callback_data: yes'])
    await server.until(() => server.answeredPresses.length === 2, 'the answers to the presses')
  })
})

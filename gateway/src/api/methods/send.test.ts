import { expect, it } from 'vitest'
import { Problem, type Channel, type ChatRef } from '@moltbot/contract'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import type { FakeRooms } from '../testing/fake-rooms.ts'
import { send } from './send.ts'

const network = async (): Promise<FakeRooms> => {
  const rooms = await fakeRooms()
  rooms.channels = [{ id: 'web', senders: 'authenticated' }, { id: 'telegram', senders: 'platform' }] as unknown as Channel[]
  rooms.state.statuses = ['web', 'telegram'].map((id) => ({
    channel: id as never, label: id, account: 'default' as never, enabled: true, configured: true, health: { kind: 'connected', at: 1 }, connectedAt: 1,
    lastInboundAt: null, lastOutboundAt: null, lastError: null, reconnectAttempts: 0,
  }))
  return rooms
}

it('sends to the only network when none is named, and answers with what the network confirmed', async () => {
  const rooms = await network()
  expect(await callMethod(send, { to: '7', message: 'hi', idempotencyKey: 'K' }, rooms)).toEqual({ runId: 'K', messageId: expect.stringMatching(/^pm/), channel: 'telegram', chatId: '7', resent: false })
  expect(rooms.state.deliveries).toMatchObject([{ chat: { channel: 'telegram', account: 'default', chat: '7', kind: 'direct' }, markdown: 'hi', key: 'K', principal: 'owner' }])
})

it('knows a chat again it has spoken in', async () => {
  const rooms = await network()
  rooms.session('agent:main:telegram:group:-1', { lastChat: { channel: 'telegram', account: 'default', chat: '-1', kind: 'group' } as unknown as ChatRef })
  await callMethod(send, { to: '-1', message: 'hi', channel: 'Telegram', threadId: 3 }, rooms)
  expect(rooms.state.deliveries[0]?.chat).toEqual({ channel: 'telegram', account: 'default', chat: '-1', kind: 'group', thread: '3' })
})

it('puts the words into a session when asked', async () => {
  const rooms = await network()
  rooms.session('agent:main:main')
  await callMethod(send, { to: '7', message: 'hi', sessionKey: 'main' }, rooms)
  expect(rooms.state.entries.get('agent:main:main' as never)).toMatchObject([{ body: { kind: 'injected', text: 'hi' } }])
  await callMethod(send, { to: '7', message: 'hi', sessionKey: 'agent:main:gone' }, rooms)
  expect(rooms.state.sessions.size).toBe(1)
})

it('sends files, from base64 and from data addresses, the words with the first', async () => {
  const rooms = await network()
  const requests: Parameters<typeof rooms.outbox.send>[0][] = []
  const sendOut = rooms.outbox.send
  rooms.outbox.send = async (request) => {
    requests.push(request)
    const { file, ...rest } = request
    return { ...(await sendOut(rest)), ...(file?.fileName === 'b.pdf' ? { file: { sha256: '', kind: 'document', fileName: file.fileName, mimeType: '', sizeBytes: 1 } } : {}) }
  }
  const base64 = (words: string): string => Buffer.from(words).toString('base64')
  const answer = await callMethod(send, { to: '7', message: 'look', buffer: base64('%PDF-'), filename: 'b.pdf', mediaUrl: `data:image/png;base64,${base64('png')}`, idempotencyKey: 'K' }, rooms)
  expect(requests.map(({ key, markdown, file }) => [key, markdown, file?.fileName, Buffer.from(file?.bytes ?? []).toString()])).toEqual([['K', 'look', 'b.pdf', '%PDF-'], ['K/1', '', 'file-1.png', 'png']])
  expect(answer).toMatchObject({ runId: 'K', filesLeftOut: 1 })
  await callMethod(send, { to: '7', buffer: base64('x'), filename: 'v.mp3', asVoice: true }, rooms)
  expect(requests.at(-1)?.file).toMatchObject({ fileName: 'v.mp3', asVoice: true })
})

it('fetches a file of the web by the gateway’s own way out, for who asks, and nothing where one of several cannot be taken', async () => {
  const rooms = await network()
  const requests: Parameters<typeof rooms.outbox.send>[0][] = []
  const sendOut = rooms.outbox.send
  rooms.outbox.send = async (request) => {
    requests.push(request)
    const { file: _, ...rest } = request
    return sendOut(rest)
  }
  const fetched: string[] = []
  rooms.fetchFile = async (url, { id }) => {
    fetched.push(`${id} ${url}`)
    if (url.includes('169.254')) throw new Problem('egress-address-refused', 'That address is not reached.')
    return { fileName: 'cat.jpg', bytes: Buffer.from(url) }
  }
  await callMethod(send, { to: '7', message: 'look', mediaUrls: ['https://site.example/cat.jpg', 'data:;base64,AAAA'], filename: 'mine.jpg' }, rooms)
  expect(requests.map(({ file }) => file?.fileName)).toEqual(['mine.jpg', 'file-2.bin'])
  await expect(callMethod(send, { to: '7', mediaUrl: 'http://169.254.169.254/' }, rooms)).rejects.toThrow('not reached')
  await expect(callMethod(send, { to: '7', mediaUrls: ['https://site.example/cat.jpg', 'file:///etc/passwd'] }, rooms)).rejects.toThrow('from its own bytes')
  expect([fetched, requests.length]).toEqual([['owner https://site.example/cat.jpg', 'owner http://169.254.169.254/'], 2])
})

it('says what went wrong, and when it may have arrived all the same', async () => {
  const rooms = await network()
  const sendOut = rooms.outbox.send
  rooms.outbox.send = async (request) => ({ ...(await sendOut(request)), state: 'failed', error: 'The chat is gone.' })
  await expect(callMethod(send, { to: '7', message: 'hi' }, rooms)).rejects.toMatchObject({ code: 'send-failed', message: 'The chat is gone.' })
  rooms.outbox.send = async (request) => ({ ...(await sendOut(request)), state: 'ambiguous', error: 'The line broke.' })
  await expect(callMethod(send, { to: '7', message: 'hi' }, rooms)).rejects.toMatchObject({ next: expect.stringContaining('may have arrived') })
})

it.each([
  [{ to: '7', message: 'hi', channel: 'fax' }, 'unsupported channel: fax'],
  [{ to: '7', message: ' ' }, 'message required'],
  [{ to: '7', message: 'hi', mediaUrl: 'http://169.254.169.254/' }, 'from its own bytes'],
  [{ to: '7', message: 'hi', mediaUrl: 'file:///etc/passwd' }, 'from its own bytes'],
  [{ to: '7', message: 'hi', buffer: 'no base64!' }, 'must be base64'],
  [{ to: '7', mediaUrls: Array.from({ length: 11 }, (_, index) => `data:;base64,AAA${index % 10}${index}`) }, 'at most 10 files'],
  [{ message: 'hi' }, "must have required property 'to'"],
])('refuses %j', async (params, words) => {
  const rooms = await network()
  await expect(callMethod(send, params, rooms)).rejects.toThrow(words)
  expect(rooms.state.deliveries).toEqual([])
})

it('does not guess between two networks', async () => {
  const rooms = await network()
  rooms.state.statuses.push({ ...rooms.state.statuses[1], channel: 'signal' } as never)
  await expect(callMethod(send, { to: '7', message: 'hi' }, rooms)).rejects.toMatchObject({ message: 'channel required.', next: 'Say which: telegram, signal.' })
})

import { expect, it } from 'vitest'
import type { Channel, ChatRef, InboxId, TurnId } from '@moltbot/contract'
import { createFilesTaken } from '../../foundation/media/index.ts'
import { callMethod, fakeCaller, settled } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { chatSend } from './chat-send.ts'

const png = Buffer.from('\x89PNG\r\n\x1a\n…', 'latin1').toString('base64')
const send = { sessionKey: 'main', message: 'hi', deliver: false, idempotencyKey: 'K' }

it('puts the words in as the caller, under the client’s name for them', async () => {
  const rooms = await fakeRooms()
  expect(await callMethod(chatSend, { ...send, thinking: 'high', timeoutMs: 5000, sessionId: 's', expectedLeafEntryId: null }, rooms)).toEqual({ runId: 'K', status: 'started' })
  expect(rooms.fakeDoors.browser.submitted).toEqual([{
    id: 'K', chat: 'agent:main:main', session: 'agent:main:main', sender: { id: 'owner', name: 'Owner' }, sentAt: expect.any(Number), text: 'hi',
    attachments: [], mentioned: 'yes', wishes: { thinking: 'high', timeoutMs: 5000 },
  }])
})

it('terminals come through the terminal’s door, and through the page’s when there is none', async () => {
  const rooms = await fakeRooms()
  const cli = fakeCaller({ client: { id: 'cli', mode: 'cli' } })
  await callMethod(chatSend, send, rooms, cli)
  await callMethod(chatSend, { ...send, idempotencyKey: 'K2' }, rooms, fakeCaller({ client: { id: 'gateway-client', displayName: 'openclaw-tui', mode: 'ui' } }))
  expect(rooms.fakeDoors.terminal.submitted.map((message) => message.id)).toEqual(['K', 'K2'])
  rooms.doors = (serves) => (serves === 'browser' ? rooms.fakeDoors.browser : undefined)
  await callMethod(chatSend, send, rooms, cli)
  expect(rooms.fakeDoors.browser.submitted).toHaveLength(1)
  rooms.doors = () => undefined
  await expect(callMethod(chatSend, send, rooms, cli)).rejects.toMatchObject({ code: 'door-closed' })
})

it('a repetition starts nothing: in_flight while it runs, ok afterwards, error when it failed', async () => {
  const rooms = await fakeRooms()
  await callMethod(chatSend, send, rooms)
  expect(await callMethod(chatSend, send, rooms)).toEqual({ runId: 'K', status: 'in_flight' })
  const row = { id: rooms.runs.ofMessage('K', 'agent:main:main' as never)?.inbox as InboxId, end: 'answered', endDetail: null }
  rooms.state.inbox.push(row as never)
  expect(await callMethod(chatSend, send, rooms)).toEqual({ runId: 'K', status: 'ok' })
  Object.assign(row, { end: 'failed', endDetail: 'No model answered.' })
  expect(await callMethod(chatSend, send, rooms)).toEqual({ runId: 'K', status: 'error', summary: 'No model answered.' })
})

it('makes a name when the client gives none', async () => {
  const answer = await callMethod(chatSend, { sessionKey: 'main', message: 'hi' }, await fakeRooms())
  expect(answer).toMatchObject({ status: 'started', runId: expect.stringMatching(/^run/) })
})

it('a refusal is an error and frees the session’s events', async () => {
  const rooms = await fakeRooms()
  rooms.fakeDoors.browser.answer = () => ({ kind: 'refused', reason: 'The message is too long.' })
  await expect(callMethod(chatSend, send, rooms)).rejects.toThrow('The message is too long.')
  await settled()
  let told = false
  rooms.runs.inOrder('agent:main:main', () => { told = true })
  expect(told).toBe(true)
  expect(rooms.runs.ofMessage('K', 'agent:main:main' as never)).toBeUndefined()
})

it('a store that cannot take it is an error, and the same key can be sent again', async () => {
  const rooms = await fakeRooms()
  rooms.fakeDoors.browser.answer = () => { throw new Error('disk full') }
  await expect(callMethod(chatSend, send, rooms)).rejects.toThrow('disk full')
  rooms.fakeDoors.browser.answer = () => ({ kind: 'accepted', id: 'in1' as InboxId })
  await settled()
  expect(await callMethod(chatSend, send, rooms)).toEqual({ runId: 'K', status: 'started' })
})

it('/stop stops; a bare word stops only what runs, else it is a word like any other', async () => {
  const rooms = await fakeRooms()
  expect(await callMethod(chatSend, { ...send, message: ' /STOP ' }, rooms)).toEqual({ ok: true, aborted: false, runIds: [] })
  expect(await callMethod(chatSend, { ...send, message: 'wait' }, rooms)).toEqual({ runId: 'K', status: 'started' })
  rooms.state.running = [{ id: 'tn1' as TurnId, key: 'agent:main:main' as never, startedAt: 0, model: null, messages: [] }]
  expect(await callMethod(chatSend, { ...send, message: 'Esc', idempotencyKey: 'K2' }, rooms)).toEqual({ ok: true, aborted: true, runIds: ['tn1'] })
  expect(rooms.fakeDoors.browser.submitted).toHaveLength(1)
})

it('takes images by what they are, not by what the client says', async () => {
  const rooms = await fakeRooms()
  await callMethod(chatSend, { ...send, message: '', attachments: [{ type: 'image', mimeType: 'text/html', fileName: 'a.png', content: `data:image/png;base64,${png}` }] }, rooms)
  expect(rooms.fakeDoors.browser.submitted[0]?.attachments).toEqual([{ kind: 'image', mimeType: 'image/png', sizeBytes: 9, data: png, fileName: 'a.png' }])
})

const ogg = Buffer.concat([Buffer.from('OggS'), Buffer.alloc(40)]).toString('base64')
/** Rooms that take what the media room reads. */
async function roomsWithFiles(media: Record<string, unknown> = { audio: { models: [{ provider: 'openai' }] } }) {
  const rooms = await fakeRooms({ config: { tools: { media } } })
  rooms.files = createFilesTaken({ config: rooms.config, providers: () => [] })
  const offer = (attachment: Record<string, unknown>): Promise<unknown> => callMethod(chatSend, { ...send, message: '', attachments: [attachment] }, rooms)
  return { rooms, offer, got: () => rooms.fakeDoors.browser.submitted.at(-1)?.attachments }
}
const textFile = { mimeType: 'text/markdown', fileName: 'notes.md', content: Buffer.from('# Notes').toString('base64') }

it.each([
  ['a document', textFile, { kind: 'document', mimeType: 'text/markdown', fileName: 'notes.md', sizeBytes: 7, data: textFile.content }],
  ['what was said', { type: 'voice', mimeType: 'audio/ogg', content: ogg }, { kind: 'voice', mimeType: 'audio/ogg', sizeBytes: 44, data: ogg }],
  ['a sound', { type: 'file', mimeType: 'audio/ogg', fileName: 'a.ogg', content: ogg }, { kind: 'audio', mimeType: 'audio/ogg', fileName: 'a.ogg', sizeBytes: 44, data: ogg }],
  ['a picture that calls itself a document', { type: 'file', mimeType: 'application/pdf', fileName: 'a.pdf', content: png }, { kind: 'image', mimeType: 'image/png', fileName: 'a.pdf', sizeBytes: 9, data: png }],
])('hands in %s as channels do, where files are read', async (_what, attachment, kept) => {
  const { offer, got } = await roomsWithFiles()
  await offer(attachment)
  expect(got()).toEqual([kept])
})

it.each([
  ['what nothing reads', {}, { mimeType: 'application/zip', fileName: 'a.zip', content: Buffer.from('PK\x03\x04 and more').toString('base64') }, 'a.zip: it is no picture'],
  ['a film', {}, { mimeType: 'video/mp4', fileName: 'a.mp4', content: Buffer.from('\0\0\0\x20ftypisom').toString('base64') }, 'a.mp4: it is no picture'],
  ['a sound nobody hears', {}, { mimeType: 'audio/ogg', fileName: 'a.ogg', content: ogg }, 'nothing here turns sound into words'],
  ['a document nobody reads', { document: { enabled: false } }, textFile, 'documents are not read here'],
  ['a picture in a document’s clothes that is too large', {}, { mimeType: 'application/pdf', fileName: 'a.pdf', content: Buffer.concat([Buffer.from('\xff\xd8\xff', 'latin1'), Buffer.alloc(5_000_000)]).toString('base64') }, 'larger than 5000000 bytes'],
  ['too large a document', {}, { mimeType: 'text/plain', fileName: 'a.txt', content: 'QUFB'.repeat(6_500_000) }, 'larger than 19464192 bytes'],
])('refuses %s in words', async (_what, media, attachment, words) => {
  const { offer, got } = await roomsWithFiles(media)
  await expect(offer(attachment)).rejects.toThrow(words)
  expect(got()).toBeUndefined()
})

it.each([
  ['no image', { mimeType: 'image/png', content: Buffer.from('<html>').toString('base64') }, 'only PNG'],
  ['no base64', { content: 'not base64!' }, 'base64'],
  ['no content', {}, 'base64'],
  ['too large', { content: Buffer.concat([Buffer.from('\xff\xd8\xff', 'latin1'), Buffer.alloc(5_000_000)]).toString('base64') }, 'larger than 5000000 bytes'],
])('refuses an attachment that is %s', async (_what, attachment, words) => {
  const rooms = await fakeRooms()
  await expect(callMethod(chatSend, { ...send, attachments: [attachment] }, rooms)).rejects.toThrow(words)
  expect(rooms.fakeDoors.browser.submitted).toEqual([])
})

it('refuses empty messages, unknown thinking levels and sessions that may not be written to', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(chatSend, { ...send, message: '  ' }, rooms)).rejects.toThrow('message or attachment required')
  await expect(callMethod(chatSend, { ...send, thinking: 'galaxy' }, rooms)).rejects.toThrow('invalid thinkingLevel (use off|minimal|low|medium|high|xhigh)')
  rooms.session('agent:main:main', { settings: { sendPolicy: 'deny' } })
  await expect(callMethod(chatSend, send, rooms)).rejects.toThrow('send blocked by session policy')
})

it('with deliver, the reply also goes to where the session was last spoken in', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [{ id: 'web', senders: 'authenticated' } as unknown as Channel, { id: 'telegram', senders: 'platform' } as unknown as Channel]
  const telegram = { channel: 'telegram', account: 'default', chat: '7', kind: 'direct' } as unknown as ChatRef
  rooms.session('agent:main:main', { lastChat: telegram })
  await callMethod(chatSend, { ...send, deliver: true }, rooms)
  expect(rooms.fakeDoors.browser.submitted[0]?.wishes).toEqual({ alsoTo: telegram })
  // With the message, so that no stop of the gateway forgets it; sent by whoever writes the answer.
  expect(rooms.state.deliveries).toEqual([])
})

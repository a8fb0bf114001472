import { beforeEach, describe, expect, it } from 'vitest'
import { SendProblem, type ChatRef, type Connection, type PlatformMessageId, type PrincipalId, type TurnId } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { idOfPlace, messagingGrants, type MessagingSource, type MessagingSubject, type Place, type Written } from './messaging-grants.ts'

const owner = 'owner' as PrincipalId
const chat = (id: string, more: Partial<ChatRef> = {}): ChatRef => ({ channel: 'fake' as never, account: 'default' as never, chat: id as never, kind: 'direct', ...more })
const signal = new AbortController().signal
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'ok', (error: { code: string }) => error.code)

let clock: FakeClock
let places: Place[]
let written: Map<string, Written>
let send: (request: { chat: ChatRef; key: string }) => Promise<Partial<Written>>
let connection: Partial<Connection> | undefined
let acts: string[]
beforeEach(() => {
  clock = new FakeClock()
  places = [{ chat: chat('1'), names: ['Olga'] }, { chat: chat('2'), names: ['Bea', 'Family'] }, { chat: chat('3', { thread: '7' as never, account: 'work' as never, kind: 'group' }), names: ['family'] }]
  written = new Map()
  send = async () => ({ state: 'sent' })
  acts = []
  connection = {
    edit: async (where, id, message) => void acts.push(`edit ${where.chat} ${id} ${message.markdown}`), remove: async (where, id) => void acts.push(`remove ${where.chat} ${id}`), react: async (where, id, emoji) => void acts.push(`react ${where.chat} ${id} ${emoji}`),
    pin: async (where, id) => void acts.push(`pin ${where.chat} ${id}`), unpin: async (where, id) => void acts.push(`unpin ${where.chat} ${id}`),
    async sticker(where, { name, file }) {
      acts.push(`sticker ${where.chat} ${name ?? `${file?.mimeType} ${Buffer.from((await file?.bytes()) ?? []).toString()}`}`)
      return 'p9' as PlatformMessageId
    },
  }
})
const source: MessagingSource = {
  get clock() { return clock },
  places: async () => places,
  async send(request) {
    const { chat: where, principal, key } = request
    const before = written.get(key)
    if (before !== undefined) return before
    const row: Written = { id: `de-${written.size + 1}`, principal, chat: where, key: key as never, platformId: `p${written.size + 1}` as PlatformMessageId, state: 'sending', error: null }
    written.set(key, row)
    Object.assign(row, await send(request))
    return row
  },
  sent: async (_principal, key) => written.get(key),
  find: async (id) => [...written.values()].filter((row) => row.id === id),
  bare: (_, bytes) => Buffer.from(Buffer.from(bytes).toString().replace('EXIF', '')),
  connection: () => connection as Connection | undefined,
  speak: (text, { chat: where, principal, key, session }) => {
    acts.push(`speak ${where.chat} ${session} ${text}`)
    return source.send({ chat: where, markdown: '', principal, key, file: { fileName: 'answer.ogg', bytes: Buffer.from(text) } })
  },
}
const subject = (turn = 't1', principal = owner): MessagingSubject => ({ agent: 'main' as never, principal, session: 'agent:main:main' as never, conversation: { chat: chat('1'), turn: turn as TurnId, replyTo: 'm9' as PlatformMessageId } })
const grant = (who: MessagingSubject = subject()) => messagingGrants(source, async (_, path) => ({ fileName: path, bytes: Buffer.from(path) }))(who)

describe('what is said aloud', () => {
  it('goes to its own conversation, once in a turn', async () => {
    send = async () => ({ state: 'sent', file: {} })
    expect(await grant().speak('good morning', signal)).toEqual({ id: 'de-1', to: 'fake:1', state: 'sent', again: false })
    expect(await grant().speak('good morning', signal)).toMatchObject({ id: 'de-1', again: true })
    expect((await grant(subject('t2')).speak('good morning', signal)).again).toBe(false)
    expect(acts[0]).toBe('speak 1 agent:main:main good morning')
    const { conversation: _, ...nowhere } = subject()
    expect(await codeOf(grant(nowhere).speak('x', signal))).toBe('recipient-unknown')
  })
})

describe('who is written to', () => {
  it('is known by id or by a name that means exactly one', async () => {
    const to = async (name: string): Promise<string> => (await grant().send({ to: name, text: `to ${name}`, reply: false }, signal)).to
    expect(await to('fake:2')).toBe('fake:2')
    expect(await to(' bea ')).toBe('fake:2')
    expect(await to('fake/work:3#7')).toBe('fake/work:3#7')
    expect(await codeOf(to('FAMILY'))).toBe('recipient-unclear')
    for (const made of ['fake:9', 'Mallory', 'fake:2#', 'fake:22', 'other:2']) expect([made, await codeOf(to(made))]).toEqual([made, 'recipient-unknown'])
    expect(idOfPlace(chat('3', { thread: '7' as never }))).toBe('fake:3#7')
  })
  it('is its own conversation when nobody is named, and nobody where there is none', async () => {
    expect((await grant().send({ text: 'x', reply: true }, signal)).to).toBe('fake:1')
    const { conversation: _, ...nowhere } = subject()
    expect(await codeOf(grant(nowhere).send({ text: 'x', reply: false }, signal))).toBe('recipient-unknown')
    expect(await codeOf(grant().send({ to: 'Bea', text: 'x', reply: true }, signal))).toBe('message-cannot')
    expect(await codeOf(grant().send({ text: ' \n', reply: false }, signal))).toBe('message-empty')
  })
})

describe('what is sent', () => {
  it('goes out once in a turn, and again in the next', async () => {
    const words = { to: 'Bea', text: 'Dinner.', reply: false }
    const [first, second] = [await grant().send(words, signal), await grant().send(words, signal)]
    expect([first.again, second.again, second.id === first.id]).toEqual([false, true, true])
    expect((await grant(subject('t2')).send(words, signal)).again).toBe(false)
    expect(written.size).toBe(2)
  })
  it('that the network does not confirm in time waits, and is told so', async () => {
    send = () => new Promise(() => undefined)
    const sending = grant().send({ text: 'x', reply: false }, signal)
    await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(20_000)
    expect((await sending).state).toBe('waiting')
  })
  it('that fails is a failure, and one whose end nobody knows is told apart', async () => {
    send = async () => ({ state: 'failed', error: 'The chat is gone.' })
    expect(await codeOf(grant().send({ text: 'a', reply: false }, signal))).toBe('send-failed')
    send = async () => ({ state: 'ambiguous', error: null })
    expect(await codeOf(grant().send({ text: 'b', reply: false }, signal))).toBe('send-uncertain')
  })
})

describe('what was sent', () => {
  it('is changed and taken back where it went to, by its own person alone', async () => {
    const { id } = await grant().send({ to: 'Bea', text: 'x', reply: false }, signal)
    expect(await codeOf(grant().edit(id, undefined, 'y', signal))).toBe('message-unknown')
    expect(await codeOf(grant(subject('t1', 'm1' as PrincipalId)).edit(id, 'Bea', 'y', signal))).toBe('message-unknown')
    expect(await codeOf(grant().remove('de-99', 'Bea', signal))).toBe('message-unknown')
    await grant().edit(id, 'Bea', 'y', signal)
    await grant().remove(id, 'Bea', signal)
    expect(acts).toEqual(['edit 2 p1 y', 'remove 2 p1'])
  })
  it('is changed only where the network can, and once it is there', async () => {
    const { id } = await grant().send({ text: 'x', reply: false }, signal)
    const row = [...written.values()][0]
    if (row !== undefined) row.platformId = null
    expect(await codeOf(grant().edit(id, undefined, 'y', signal))).toBe('message-unsent')
    if (row !== undefined) row.platformId = 'p1' as PlatformMessageId
    connection = {}
    expect(await codeOf(grant().edit(id, undefined, 'y', signal))).toBe('message-cannot')
    expect(await codeOf(grant().poll({ question: 'q', options: ['a', 'b'] }, signal))).toBe('message-cannot')
    connection = undefined
    expect(await codeOf(grant().edit(id, undefined, 'y', signal))).toBe('channel-down')
  })
  it('that the network leaves uncertain is no success', async () => {
    connection = { react: async () => { throw new SendProblem('unknown', 'timed out') } }
    expect(await codeOf(grant().react(undefined, undefined, '👍', signal))).toBe('message-uncertain')
    connection = { react: async () => { throw new SendProblem('never', 'The chat is gone.') } }
    expect(await codeOf(grant().react(undefined, undefined, '👍', signal))).toBe('message-refused')
  })
  it('is pinned where it went to, like the message the turn began with, and nothing else is', async () => {
    const { id } = await grant().send({ to: 'Bea', text: 'x', reply: false }, signal)
    await grant().pin(undefined, undefined, signal)
    await grant().pin(id, 'Bea', signal)
    await grant().unpin(id, 'Bea', signal)
    expect(acts).toEqual(['pin 1 m9', 'pin 2 p1', 'unpin 2 p1'])
    expect(await codeOf(grant().pin(id, undefined, signal))).toBe('message-unknown')
    expect(await codeOf(grant().pin(undefined, 'Bea', signal))).toBe('message-unknown')
    expect(await codeOf(grant(subject('t1', 'm1' as PrincipalId)).pin(id, 'Bea', signal))).toBe('message-unknown')
    connection = {}
    expect(await codeOf(grant().pin(undefined, undefined, signal))).toBe('message-cannot')
  })
  it('a sticker goes by its name or as a bare WebP, and nothing else becomes one', async () => {
    expect(await grant().sticker({ name: '😎' }, signal)).toMatchObject({ to: 'fake:1', state: 'sent' })
    // The fake reads a file's name as its bytes.
    expect((await grant().sticker({ to: 'Bea', file: 'RIFF1234WEBPEXIF' }, signal)).to).toBe('fake:2')
    expect(acts).toEqual(['sticker 1 😎', 'sticker 2 image/webp RIFF1234WEBP'])
    expect(await codeOf(grant().sticker({ file: 'notes.txt' }, signal))).toBe('message-cannot')
    connection = {}
    expect(await codeOf(grant().sticker({ name: '😎' }, signal))).toBe('message-cannot')
    expect(acts.length).toBe(2)
  })
  it('a reaction goes to the message the turn began with, elsewhere only to one of ours', async () => {
    await grant().react(undefined, undefined, '👍', signal)
    expect(acts).toEqual(['react 1 m9 👍'])
    expect(await codeOf(grant().react(undefined, 'Bea', '👍', signal))).toBe('message-unknown')
  })
})

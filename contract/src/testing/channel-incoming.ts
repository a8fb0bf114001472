import { describe, expect, it } from 'vitest'
import type { PlatformMessageId } from '../ids.ts'
import { hasPlace, never, words, type ChannelKit } from './channel-kit.ts'

/** What people write: as they wrote it, from whom and where, and nothing lost or doubled on the way. */
export function incomingCases(kit: ChannelKit): void {
  const { channel, begin, line, hear } = kit

  describe(`${channel.id}: what comes in`, () => {
    it('is a stranger’s words where it was passed on, and its sender’s where it was not', async (context) => {
      const at = await line()
      kit.needs(context, at.network.tellsForwards, 'sign that a message was passed on')
      expect((await hear(at, { from: 'anna', text: 'what a stranger wrote', forwards: true })).origin).toBe('external')
      expect((await hear(at, { from: 'anna', text: 'what I write' })).origin).toBeUndefined()
    })

    it('arrives as it was written, from whom it was written, in a direct chat', async () => {
      const at = await line()
      const message = await hear(at, { from: 'anna', text: 'Hello there' })
      expect(message).toMatchObject({ text: 'Hello there', attachments: [], chat: { channel: channel.id, account: at.host.account, kind: 'direct' } })
      expect(message.sender.id).not.toBe('')
      expect(message.id).not.toBe('')
    })

    it('is plain data that could be sent over a wire', async () => {
      const message = await hear(await line(), { from: 'anna', text: 'plain' })
      expect(JSON.parse(JSON.stringify(message))).toEqual(message)
    })

    it('counts as addressed to us in a direct chat', async () => {
      expect((await hear(await line(), { from: 'anna', text: 'no name here' })).mentioned).not.toBe('no')
    })

    it('carries the time in epoch milliseconds', async () => {
      const { sentAt } = await hear(await line(), { from: 'anna', text: 'now' })
      expect(Math.abs(sentAt - Date.now())).toBeLessThan(60_000)
    })

    it.each(['<b>&amp; *not* _markup_ `x`', '👩‍👩‍👧 שלום مرحبا e\u0301 \u{1F1E6}\u{1F1F9}', 'a\nb\n\n\tc', '/unknown command', '__proto__'])('keeps %j letter for letter', async (text) => {
      expect((await hear(await line(), { from: 'anna', text })).text).toBe(text)
    })

    it('keeps a long text whole', async () => {
      const text = 'long '.repeat(780)
      expect((await hear(await line(), { from: 'anna', text: `${text}end` })).text).toBe(`${text}end`)
    })

    it('has an id of its own for each message', async () => {
      const at = await line()
      const first = await hear(at, { from: 'anna', text: 'same' })
      const second = await hear(at, { from: 'anna', text: 'same' })
      expect(second.id).not.toBe(first.id)
    })

    it('has the same sender and chat every time', async () => {
      const at = await line()
      const first = await hear(at, { from: 'anna', text: 'one' })
      const second = await hear(at, { from: 'anna', text: 'two' })
      expect(second.sender.id).toBe(first.sender.id)
      expect(second.chat).toEqual(first.chat)
    })

    it('knows a sender by something no renaming changes', async (context) => {
      const at = await line()
      kit.needs(context, at.network.rename, 'names people can change')
      const before = await hear(at, { from: 'anna', text: 'one' })
      at.network.rename('anna', 'The Owner')
      const after = await hear(at, { from: 'anna', text: 'two' })
      expect(after.sender.id).toBe(before.sender.id)
      expect(after.chat.chat).toBe(before.chat.chat)
    })

    it('tells people apart', async () => {
      const at = await line()
      const anna = await hear(at, { from: 'anna', text: 'one' })
      const ben = await hear(at, { from: 'ben', text: 'two' })
      expect(ben.sender.id).not.toBe(anna.sender.id)
    })

    it('keeps the order within a chat', async () => {
      const at = await line()
      const texts = Array.from({ length: 30 }, (_, index) => `word ${index}`)
      for (const text of texts) await at.network.say({ from: 'anna', text })
      await at.host.until(() => at.host.taken.length === texts.length, 'all messages')
      expect(at.host.taken.map((message) => message.text)).toEqual(texts)
    })

    it('is handed over one at a time within a chat', async () => {
      const at = await line()
      for (let index = 0; index < 10; index++) void at.network.say({ from: 'anna', text: `word ${index}` })
      await at.host.until(() => at.host.taken.length === 10, 'all messages')
      expect(Math.max(...at.host.overlap.values())).toBe(1)
    })

    it('flags other bots', async (context) => {
      const at = await line()
      kit.needs(context, at.network.robots, 'other bots')
      expect((await hear(at, { from: 'robot', text: 'beep' })).sender.isBot).toBe(true)
      expect((await hear(at, { from: 'anna', text: 'hi' })).sender.isBot ?? false).toBe(false)
    })
  })

  describe(`${channel.id}: groups and threads`, () => {
    it('are told from direct chats, with the same person in both', async (context) => {
      const at = await line()
      kit.needs(context, hasPlace(at.network, 'group'), 'groups')
      const direct = await hear(at, { from: 'anna', text: 'direct' })
      const group = await hear(at, { from: 'anna', text: 'group', where: 'group', mention: true })
      expect(group.chat.kind).toBe('group')
      expect(group.chat.chat).not.toBe(direct.chat.chat)
      expect(group.sender.id).toBe(direct.sender.id)
    })

    it('say when we are addressed', async (context) => {
      const at = await line()
      kit.needs(context, hasPlace(at.network, 'group'), 'groups')
      expect((await hear(at, { from: 'anna', text: 'you there?', where: 'group', mention: true })).mentioned).toBe('yes')
    })

    it('never say so when we are not', async (context) => {
      const at = await line()
      kit.needs(context, hasPlace(at.network, 'group'), 'groups')
      expect((await hear(at, { from: 'anna', text: 'just talking to ben', where: 'group' })).mentioned).not.toBe('yes')
    })

    it('count an answer to our message as addressed to us', async (context) => {
      const at = await line()
      kit.needs(context, hasPlace(at.network, 'group'), 'groups')
      const { chat } = await hear(at, { from: 'anna', text: 'hi', where: 'group', mention: true })
      const ours = await at.connection.send(chat, words('What is it?'), never)
      const answer = await hear(at, { from: 'anna', text: 'this', where: 'group', replyTo: ours })
      expect(answer).toMatchObject({ mentioned: 'yes', quoted: { id: ours, fromUs: true } })
    })

    it('quote others as others', async (context) => {
      const at = await line()
      kit.needs(context, hasPlace(at.network, 'group'), 'groups')
      const theirs = await hear(at, { from: 'ben', text: 'the quoted words', where: 'group' })
      const answer = await hear(at, { from: 'anna', text: 'I agree', where: 'group', replyTo: theirs.id })
      expect(answer.mentioned).not.toBe('yes')
      expect(answer.quoted).toMatchObject({ id: theirs.id, fromUs: false, text: 'the quoted words' })
    })

    it('have threads of their own inside one chat', async (context) => {
      const at = await line()
      kit.needs(context, hasPlace(at.network, 'topics'), 'threads')
      const a = await hear(at, { from: 'anna', text: 'a', where: 'topic-a', mention: true })
      const b = await hear(at, { from: 'anna', text: 'b', where: 'topic-b', mention: true })
      expect(a.chat.chat).toBe(b.chat.chat)
      expect(a.chat.thread).not.toBe(b.chat.thread)
      expect(a.chat.thread).toBeDefined()
    })

    it('take an answer in the thread it belongs to', async (context) => {
      const at = await line()
      kit.needs(context, hasPlace(at.network, 'topics'), 'threads')
      for (const where of ['topic-a', 'topic-b'] as const) {
        const { chat } = await hear(at, { from: 'anna', text: where, where, mention: true })
        await at.connection.send(chat, words(`in ${where}`), never)
        expect(at.network.sent().at(-1)?.thread).toBe(chat.thread)
      }
    })
  })

  describe(`${channel.id}: nothing lost, nothing doubled`, () => {
    it('does not acknowledge before the message is durable', async () => {
      const at = await line()
      const release = at.host.hold()
      const saying = at.network.say({ from: 'anna', text: 'important' })
      await at.host.until(() => at.host.calls.length === 1, 'the hand-over')
      const { id } = at.host.calls[0]?.message ?? { id: '' as PlatformMessageId }
      expect(at.network.acknowledged(id)).toBe(false)
      release()
      await saying
      await at.network.until(() => at.network.acknowledged(id), 'the acknowledgement')
    })

    it('brings a message again that could not be written down', async () => {
      const at = await line()
      at.host.rejectNext(2)
      const message = await hear(at, { from: 'anna', text: 'once more' })
      expect(message.text).toBe('once more')
      const calls = at.host.calls.filter((call) => call.message.text === 'once more')
      expect(calls.length).toBe(3)
      expect(new Set(calls.map((call) => call.message.id)).size).toBe(1)
      await at.network.until(() => at.network.acknowledged(message.id), 'the acknowledgement')
    })

    it('lets nothing overtake a message that could not be written down', async () => {
      const at = await line()
      at.host.rejectNext(1)
      const texts = ['first', 'second', 'third']
      await Promise.all(texts.map((text) => at.network.say({ from: 'anna', text })))
      await at.host.until(() => at.host.taken.length === 3, 'all three')
      expect(at.host.taken.map((message) => message.text)).toEqual(texts)
    })

    it('acknowledges a message that was refused for good', async () => {
      const at = await line()
      at.host.refuseNext()
      const { id } = await at.network.say({ from: 'anna', text: 'too large' })
      await at.network.until(() => at.network.acknowledged(id), 'the acknowledgement')
      await hear(at, { from: 'anna', text: 'next' })
      expect(at.host.calls.filter((call) => call.message.id === id).length).toBe(1)
    })

    it('gives a message brought twice the same identity', async (context) => {
      const at = await line()
      kit.needs(context, at.network.redeliver, 'repeated deliveries')
      const first = await hear(at, { from: 'anna', text: 'twice' })
      at.network.redeliver()
      await at.host.until(() => at.host.calls.length === 2, 'the repetition')
      expect(at.host.calls[1]?.message).toEqual(first)
      expect(at.host.taken.length).toBe(1)
      await hear(at, { from: 'anna', text: 'and on' })
    })

    it('takes up after a crash what was not durable before it', async () => {
      const { network, connect } = await begin()
      const before = await connect()
      before.host.rejectNext(1_000_000)
      const said = network.say({ from: 'anna', text: 'through the crash' })
      await before.host.until(() => before.host.calls.length > 0, 'the first attempt')
      const close = before.connection.close()
      const after = await connect({ memory: before.host.memory })
      await Promise.all([close, said])
      await after.host.until(() => after.host.taken.length === 1, 'the message')
      expect(after.host.taken[0]?.text).toBe('through the crash')
    })

    it('takes up what was written while nobody was connected, in order', async () => {
      const { network, connect } = await begin()
      const texts = ['one', 'two', 'three']
      const saying = texts.map((text) => network.say({ from: 'anna', text }))
      const at = await connect()
      await Promise.all(saying)
      await at.host.until(() => at.host.taken.length === 3, 'all three')
      expect(at.host.taken.map((message) => message.text)).toEqual(texts)
    })

    it('loses nothing over a restart and doubles nothing', async () => {
      const { network, connect } = await begin()
      const known = new Set<string>()
      const before = await connect({ known })
      await hear(before, { from: 'anna', text: 'before' })
      const saying = network.say({ from: 'anna', text: 'during' })
      await before.connection.close()
      const after = await connect({ known, memory: before.host.memory })
      await saying
      await hear(after, { from: 'anna', text: 'after' })
      expect([...before.host.taken, ...after.host.taken].map((message) => message.text)).toEqual(['before', 'during', 'after'])
    })
  })
}

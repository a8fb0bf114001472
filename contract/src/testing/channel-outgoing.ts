import { describe, expect, it } from 'vitest'
import { SendProblem } from '../channel.ts'
import type { DeliveryKey, PlatformMessageId } from '../ids.ts'
import { describeError } from '../problem.ts'
import { failure, never, words, type ChannelKit } from './channel-kit.ts'

/** What we write, what became of it, and what else a connection can do. */
export function outgoingCases(kit: ChannelKit): void {
  const { channel, line, hear, chatWithAnna } = kit

  describe(`${channel.id}: what goes out`, () => {
    it('arrives once, under the id that was returned', async () => {
      const at = await line()
      const chat = await chatWithAnna(at)
      const id = await at.connection.send(chat, words('Good morning'), never)
      expect(at.network.sent().map(({ id: seen, text }) => ({ seen, text }))).toEqual([{ seen: id, text: 'Good morning' }])
    })

    it('has an id of its own for each message', async () => {
      const at = await line()
      const chat = await chatWithAnna(at)
      const ids = [await at.connection.send(chat, words('a'), never), await at.connection.send(chat, words('a'), never)]
      expect(new Set(ids).size).toBe(2)
    })

    it('has honest limits', async () => {
      const at = await line()
      const { limits } = at.connection
      expect(limits.textLengthMax).toBeGreaterThan(0)
      const chat = await chatWithAnna(at)
      const text = 'ä'.repeat(limits.textLengthMax)
      await at.connection.send(chat, words(text), never)
      expect(at.network.sent().at(-1)?.text.length).toBe(limits.textLengthMax)
    })

    it.each([
      '**bold *both*** `code` ~~gone~~ [link](https://example.org/?a=1&b=2 "t")', '<script>alert(1)</script> a < b & c > d', '| a | b |\n|---|--:|\n| 1 | <2> |',
      '```ts\nconst a = "<b>" && `x`\n```', '- one\n  - two\n    1. three\n\n> quote\n> > nested', '[x](javascript:alert(1)) ![i](https://e.org/i.png) **un*closed', '# Title\n\n---\n\n- [x] done\n- [ ] open',
      '</b></code>', '**', '\\*not bold\\* &amp; &lt; &#128512;', '[a](<https://e.org/x y>) [b][c]\n\n[c]: https://e.org', '![](https://e.org) []() ``` ` ```',
    ])('takes any Markdown: %j', async (markdown) => {
      const at = await line()
      const chat = await chatWithAnna(at)
      const id = await at.connection.send(chat, words(markdown), never)
      expect(at.network.sent().filter((message) => message.id === id).length).toBe(1)
    })

    it('answers the message it is an answer to', async (context) => {
      const at = await line()
      kit.needs(context, at.network.places, 'quotes')
      const message = await hear(at, { from: 'anna', text: 'question' })
      await at.connection.send(message.chat, words('answer', { replyTo: message.id }), never)
      expect(at.network.sent().at(-1)?.replyTo).toBe(message.id)
    })

    it('goes out even if the message it answers is gone', async () => {
      const at = await line()
      const chat = await chatWithAnna(at)
      await at.connection.send(chat, words('answer', { replyTo: '999999999' as PlatformMessageId }), never)
      expect(at.network.sent().at(-1)?.text).toBe('answer')
    })

    it('is not sent when it was called off before', async () => {
      const at = await line()
      const chat = await chatWithAnna(at)
      const error = await failure(at.connection.send(chat, words('called off'), AbortSignal.abort()))
      expect(error).toBeInstanceOf(SendProblem)
      expect((error as SendProblem).outcome).toBe('not-sent')
      expect(at.network.sent()).toEqual([])
    })

    it('has the effect of one when the same key is sent twice, if it says so', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.nonce, 'nonce')
      const chat = await chatWithAnna(at)
      const message = words('only once')
      const ids = [await at.connection.send(chat, message, never), await at.connection.send(chat, message, never)]
      expect(ids[0]).toBe(ids[1])
      expect(at.network.sent().length).toBe(1)
    })

    it('is known as refused for good when we are blocked', async (context) => {
      const at = await line()
      kit.needs(context, at.network.faults.block, 'blocking')
      const chat = await chatWithAnna(at)
      at.network.faults.block()
      expect(await failure(at.connection.send(chat, words('hello?'), never))).toMatchObject({ name: 'SendProblem', outcome: 'never' })
    })

    it('is known as not sent, with the wait asked for, when we are too fast', async (context) => {
      const at = await line()
      kit.needs(context, at.network.faults.throttle, 'rate limit')
      const chat = await chatWithAnna(at)
      at.network.faults.throttle(7_000)
      expect(await failure(at.connection.send(chat, words('too fast'), never))).toMatchObject({ outcome: 'not-sent', retryAfterMs: 7_000 })
      expect(at.network.sent()).toEqual([])
      await at.connection.send(chat, words('slow enough'), never)
    })

    it('is never called sent when the network failed', async (context) => {
      const at = await line()
      kit.needs(context, at.network.faults.failSend, 'inner failures')
      const chat = await chatWithAnna(at)
      at.network.faults.failSend()
      expect(await failure(at.connection.send(chat, words('no luck'), never))).toBeInstanceOf(SendProblem)
      expect(at.network.sent()).toEqual([])
    })

    it('is uncertain when the line broke after it was accepted', async (context) => {
      const at = await line()
      kit.needs(context, at.network.faults.cutAfterAccept, 'line that could break')
      const chat = await chatWithAnna(at)
      at.network.faults.cutAfterAccept()
      expect(await failure(at.connection.send(chat, words('did it arrive?'), never))).toMatchObject({ outcome: 'unknown' })
      expect(at.network.sent().map((message) => message.text)).toEqual(['did it arrive?'])
    })

    it('is known as not sent when nobody could be reached', async (context) => {
      const at = await line()
      kit.needs(context, at.network.faults.offline, 'network to lose')
      const chat = await chatWithAnna(at)
      await at.network.faults.offline()
      expect(await failure(at.connection.send(chat, words('into the void'), never))).toMatchObject({ outcome: 'not-sent' })
      await at.network.faults.online?.()
      expect(at.network.sent()).toEqual([])
    })
  })

  describe(`${channel.id}: abilities`, () => {
    it('edits a message in place', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.edit, 'edits')
      const chat = await chatWithAnna(at)
      const id = await at.connection.send(chat, words('draft'), never)
      await at.connection.edit(chat, id, words('final'), never)
      expect(at.network.sent().map((message) => message.text)).toEqual(['final'])
    })

    it('takes an edit that changes nothing as done', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.edit, 'edits')
      const chat = await chatWithAnna(at)
      const id = await at.connection.send(chat, words('**same**'), never)
      await at.connection.edit(chat, id, words('**same**'), never)
      expect(at.network.sent().length).toBe(1)
    })

    it('says that an edit of a message that is not there can never succeed', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.edit, 'edits')
      const chat = await chatWithAnna(at)
      expect(await failure(at.connection.edit(chat, '99999999' as PlatformMessageId, words('x'), never))).toMatchObject({ outcome: 'never' })
    })

    it('says how often a message may be edited, where it can be', async () => {
      const { connection } = await line()
      expect(connection.edit === undefined).toBe(connection.limits.editEveryMs === undefined)
    })

    it('removes a message, and takes removing it again as done', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.remove, 'removal')
      const chat = await chatWithAnna(at)
      const id = await at.connection.send(chat, words('oops'), never)
      await at.connection.remove(chat, id, never)
      await at.connection.remove(chat, id, never)
      expect(at.network.sent().filter((message) => !message.removed)).toEqual([])
    })

    it('pins a message and takes that back, and takes what is so already as done', async (context) => {
      const at = await line()
      const { pin, unpin } = at.connection
      expect(pin === undefined).toBe(unpin === undefined)
      kit.needs(context, pin, 'pins')
      const pinned = at.network.pinned ?? (() => [])
      const chat = await chatWithAnna(at)
      const ids = [await at.connection.send(chat, words('one'), never), await at.connection.send(chat, words('two'), never)] as const
      for (const id of [...ids, ids[0]]) await pin.call(at.connection, chat, id, never)
      expect(new Set(pinned())).toEqual(new Set(ids))
      for (let times = 0; times < 2; times += 1) await unpin?.call(at.connection, chat, ids[0], never)
      expect(pinned()).toEqual([ids[1]])
      expect(await failure(pin.call(at.connection, chat, '99999999' as PlatformMessageId, never))).toMatchObject({ name: 'SendProblem', outcome: 'never' })
    })

    it('sends a sticker as one, and says for good when there is none of that name', async (context) => {
      const at = await line()
      const { sticker } = at.connection
      kit.needs(context, sticker, 'stickers')
      const { chat } = await hear(at, { from: 'anna', text: 'hello', where: 'group', mention: true })
      const given = await at.network.sticker?.()
      const id = await sticker.call(at.connection, chat, { key: words('').key, ...given }, never)
      expect(at.network.sent().map((message) => [message.id, message.sticker, message.text])).toEqual([[id, true, '']])
      expect(await failure(sticker.call(at.connection, chat, { key: words('').key, name: 'no such sticker' }, never))).toMatchObject({ name: 'SendProblem', outcome: 'never', message: expect.stringMatching(/\w+ \w+/) as string })
      expect(await failure(sticker.call(at.connection, chat, { key: words('').key, ...given }, AbortSignal.abort()))).toMatchObject({ outcome: 'not-sent' })
      expect(at.network.sent().length).toBe(1)
    })

    it('shows that we are working, and never minds if it can not', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.typing, 'typing sign')
      const chat = await chatWithAnna(at)
      await at.connection.typing(chat)
      await at.network.faults.offline?.()
      await at.connection.typing(chat)
      await at.network.faults.online?.()
    })

    it('finds the direct chat of a sender', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.openDirect, 'way to write first')
      const message = await hear(at, { from: 'anna', text: 'hi' })
      const chat = await at.connection.openDirect(message.sender.id)
      expect(chat).toMatchObject({ chat: message.chat.chat, kind: 'direct', channel: channel.id, account: at.host.account })
      await at.connection.send(chat, words('found you'), never)
      expect(at.network.sent().at(-1)?.text).toBe('found you')
    })

    it('checks the login with words for a person, and fails with words for a person', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.probe, 'probe')
      expect(await at.connection.probe(never)).not.toBe('')
      kit.needs(context, at.network.faults.offline, 'network to lose')
      await at.network.faults.offline()
      const error = await failure(at.connection.probe(never))
      expect(error).toMatchObject({ name: 'Problem' })
      expect(describeError(error)).toMatch(/\w+ \w+/)
      await at.network.faults.online?.()
    })

    it('finds an uncertain message, and knows when there is none', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.findSent, 'history to read')
      const chat = await chatWithAnna(at)
      const message = words('look me up')
      const since = Date.now()
      const id = await at.connection.send(chat, message, never)
      expect(await at.connection.findSent(chat, message.key, since)).toBe(id)
      expect(await at.connection.findSent(chat, 'never0used' as DeliveryKey, since)).toBeUndefined()
    })
  })
}

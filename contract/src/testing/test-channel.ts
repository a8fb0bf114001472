import { afterEach, describe, expect, it, type TestContext } from 'vitest'
import Value from 'typebox/value'
import type { Channel, Connection } from '../channel.ts'
import { ConnectProblem, SendProblem } from '../channel.ts'
import type { DeliveryKey, PlatformMessageId, SenderId } from '../ids.ts'
import type { ChatRef, IncomingMessage, OutgoingFile, OutgoingMessage } from '../message.ts'
import { describeError } from '../problem.ts'
import { abilityCases } from './channel-abilities.ts'
import { buttonCases, fileCases } from './channel-files.ts'
import { createTestHost, fastClock, type TestHost, type TestHostOptions } from './channel-host.ts'

/** Who writes in the suite. `robot` is another bot; networks without bots never see it. */
export type Person = 'anna' | 'ben' | 'robot'
export interface Words {
  from: Person
  text: string
  /** Default: a direct chat with us. */
  where?: 'direct' | 'group' | 'topic-a' | 'topic-b'
  /** Address us the way the network does it. */
  mention?: boolean
  /** Answer one of our messages, or one somebody else wrote before. */
  replyTo?: PlatformMessageId
  /** They pass on what a stranger wrote. Only where the network `tellsForwards`. */
  forwards?: true
}

/** A file of ours as the network took it: exactly what would be fetched again, shown as what. */
export interface SeenFile { bytes: Uint8Array; name?: string; mimeType?: string; as: OutgoingFile['kind'] }

/** A message of ours as people on the network see it. `text` is the caption where a file is; `buttons` are the labels that can be tapped now. */
export interface SeenMessage { id: PlatformMessageId; text: string; removed: boolean; replyTo?: PlatformMessageId; thread?: string; file?: SeenFile; buttons?: string[] }

/** The other side of a channel: a fake of the network, with people, a view and accidents. What a network cannot do is absent, and its cases are skipped by name. */
export interface ChannelNetwork {
  /** Values of the channel's section; the section's defaults are added. */
  config: Record<string, unknown>
  secrets?: Record<string, string>
  /** What a login left sealed, where a login is no secret of the configuration. Every host of this network shares it. */
  sealed?: Map<string, string>
  /** How often faster than real time the clock runs where minutes of silence are played. Default 40. */
  speed?: number
  /** Called with every connection, before anybody speaks. */
  connected?(connection: Connection): void
  /** Somebody writes. Resolves once it is on the network, whether or not we took it. */
  say(words: Words): Promise<{ id: PlatformMessageId }>
  /** Whether the network considers that message delivered and will never bring it again. */
  acknowledged(id: PlatformMessageId): boolean
  /** Resolves once the condition holds, looked at after every event on the network. */
  until(condition: () => boolean, what: string): Promise<void>
  /** Our messages in order. */
  sent(): SeenMessage[]
  stop(): Promise<void>

  /** Which places there are besides the direct chat. */
  places?: readonly ('group' | 'topics')[]
  robots?: boolean
  /** Its messages say that they were passed on. */
  tellsForwards?: boolean
  /** Changes a person's shown name. */
  rename?(person: Person, name: string): void
  /** Brings the last message once more, as after a lost acknowledgement. */
  redeliver?(): void
  /** Somebody taps the button with this label under one of our messages. Required of a network whose connection has buttons. */
  tap?(from: Person, message: PlatformMessageId, label: string): Promise<void>
  faults: {
    /** The network refuses everything we send for good: blocked, kicked. */
    block?(): void
    /** The next send is refused with the wish to wait this long. */
    throttle?(ms: number): void
    /** The next send fails inside the network, and nothing was delivered. */
    failSend?(): void
    /** The next send, of words or of a file, arrives, and the line breaks before we hear of it. */
    cutAfterAccept?(): void
    /** Nobody can be reached until `online`. */
    offline?(): Promise<void>
    online?(): Promise<void>
    /** Every open line breaks once. */
    cut?(): void
    /** The line stays open and silent. */
    deafen?(on: boolean): void
    /** Our login is no longer accepted. */
    revoke?(): void
  }
}

/** One open connection of the suite. */
export interface Line { network: ChannelNetwork; host: TestHost; connection: Connection }

export interface ChannelSuite {
  channel: Channel
  start(): Promise<ChannelNetwork>
}

const hostOf = (network: ChannelNetwork, options: TestHostOptions = {}): TestHost =>
  createTestHost({ ...(network.secrets === undefined ? {} : { secrets: network.secrets }), ...(network.sealed === undefined ? {} : { sealed: network.sealed }), ...options })
const never = new AbortController().signal
let lastKey = 0
const words = (markdown: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({ key: `k${++lastKey}` as DeliveryKey, markdown, ...more })

/**
 * What every channel must do, whatever network it speaks to. The cases work at the level of the contract: a network that
 * delivers at least once becomes a journey where nothing is lost and nothing is doubled only if all of this holds.
 */
export function testChannel({ channel, start }: ChannelSuite): void {
  const open: { network: ChannelNetwork; connections: Connection[] }[] = []

  afterEach(async () => {
    for (const { network, connections } of open.splice(0)) {
      await Promise.all(connections.map((connection) => connection.close()))
      await network.stop()
    }
  })

  async function begin(): Promise<{ network: ChannelNetwork; connect(options?: TestHostOptions): Promise<Line>; attempt(host: TestHost): Promise<Connection> }> {
    const network = await start()
    const entry = { network, connections: [] as Connection[] }
    open.push(entry)
    const config = Value.Default(channel.config.schema, structuredClone(network.config)) as never
    async function attempt(host: TestHost): Promise<Connection> {
      const connection = await channel.connect(config, host)
      entry.connections.push(connection)
      network.connected?.(connection)
      return connection
    }
    return {
      network,
      attempt,
      async connect(options = {}) {
        const host = hostOf(network, options)
        return { network, host, connection: await attempt(host) }
      },
    }
  }

  const line = async (options?: TestHostOptions): Promise<Line> => (await begin()).connect(options)

  /** Skips the case, by name, when the network or the channel has no such thing. */
  function needs<T>(context: TestContext, ability: T | undefined | false, name: string): asserts ability is T {
    if (ability === undefined || ability === false) context.skip(`${channel.label} has no ${name}`)
  }

  /** Anna says something; the message as the gateway got it. */
  async function hear({ network, host }: Line, said: Words): Promise<IncomingMessage> {
    const { id } = await network.say(said)
    // Networks count messages per chat: the id alone does not tell which one it is.
    const found = (): IncomingMessage | undefined => host.taken.find((message) => message.id === id && message.text.includes(said.text))
    await host.until(() => found() !== undefined, `"${said.text.slice(0, 40)}"`)
    return found() as IncomingMessage
  }

  async function chatWithAnna(at: Line): Promise<ChatRef> {
    return (await hear(at, { from: 'anna', text: 'hello' })).chat
  }

  const failure = async (work: Promise<unknown>): Promise<unknown> => work.then(() => undefined, (error: unknown) => error)
  const hasPlace = (network: ChannelNetwork, place: 'group' | 'topics'): boolean => network.places?.includes(place) === true

  describe(`${channel.id}: the definition`, () => {
    it('has a section under channels whose every key is described', () => {
      expect(channel.config.path).toBe(`channels.${channel.id}`)
      const undescribed: string[] = []
      const walk = (schema: Record<string, unknown>, path: string): void => {
        for (const [name, property] of Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>)) {
          if (typeof property.description !== 'string' || property.description === '') undescribed.push(`${path}.${name}`)
          walk(property, `${path}.${name}`)
        }
      }
      walk(channel.config.schema as unknown as Record<string, unknown>, channel.config.path)
      expect(undescribed).toEqual([])
    })

    it('accepts a section whose keys are all absent, and can be switched off', () => {
      const values = Value.Default(channel.config.schema, {})
      expect([...Value.Errors(channel.config.schema, values)]).toEqual([])
      expect(values).toHaveProperty('enabled')
    })

    it('names only existing keys as secrets', () => {
      const known = (path: string): boolean => {
        let schema = channel.config.schema as unknown as Record<string, unknown> | undefined
        for (const step of path.split('.')) {
          const properties = schema?.properties as Record<string, Record<string, unknown>> | undefined
          const patterns = schema?.patternProperties as Record<string, Record<string, unknown>> | undefined
          schema = step === '*' ? Object.values(patterns ?? {})[0] : properties?.[step]
        }
        return schema !== undefined
      }
      expect((channel.config.secrets ?? []).filter((path) => !known(path))).toEqual([])
    })
  })

  describe(`${channel.id}: what comes in`, () => {
    it('is a stranger’s words where it was passed on, and its sender’s where it was not', async (context) => {
      const at = await line()
      needs(context, at.network.tellsForwards, 'sign that a message was passed on')
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
      needs(context, at.network.rename, 'names people can change')
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
      needs(context, at.network.robots, 'other bots')
      expect((await hear(at, { from: 'robot', text: 'beep' })).sender.isBot).toBe(true)
      expect((await hear(at, { from: 'anna', text: 'hi' })).sender.isBot ?? false).toBe(false)
    })
  })

  describe(`${channel.id}: groups and threads`, () => {
    it('are told from direct chats, with the same person in both', async (context) => {
      const at = await line()
      needs(context, hasPlace(at.network, 'group'), 'groups')
      const direct = await hear(at, { from: 'anna', text: 'direct' })
      const group = await hear(at, { from: 'anna', text: 'group', where: 'group', mention: true })
      expect(group.chat.kind).toBe('group')
      expect(group.chat.chat).not.toBe(direct.chat.chat)
      expect(group.sender.id).toBe(direct.sender.id)
    })

    it('say when we are addressed', async (context) => {
      const at = await line()
      needs(context, hasPlace(at.network, 'group'), 'groups')
      expect((await hear(at, { from: 'anna', text: 'you there?', where: 'group', mention: true })).mentioned).toBe('yes')
    })

    it('never say so when we are not', async (context) => {
      const at = await line()
      needs(context, hasPlace(at.network, 'group'), 'groups')
      expect((await hear(at, { from: 'anna', text: 'just talking to ben', where: 'group' })).mentioned).not.toBe('yes')
    })

    it('count an answer to our message as addressed to us', async (context) => {
      const at = await line()
      needs(context, hasPlace(at.network, 'group'), 'groups')
      const { chat } = await hear(at, { from: 'anna', text: 'hi', where: 'group', mention: true })
      const ours = await at.connection.send(chat, words('What is it?'), never)
      const answer = await hear(at, { from: 'anna', text: 'this', where: 'group', replyTo: ours })
      expect(answer).toMatchObject({ mentioned: 'yes', quoted: { id: ours, fromUs: true } })
    })

    it('quote others as others', async (context) => {
      const at = await line()
      needs(context, hasPlace(at.network, 'group'), 'groups')
      const theirs = await hear(at, { from: 'ben', text: 'the quoted words', where: 'group' })
      const answer = await hear(at, { from: 'anna', text: 'I agree', where: 'group', replyTo: theirs.id })
      expect(answer.mentioned).not.toBe('yes')
      expect(answer.quoted).toMatchObject({ id: theirs.id, fromUs: false, text: 'the quoted words' })
    })

    it('have threads of their own inside one chat', async (context) => {
      const at = await line()
      needs(context, hasPlace(at.network, 'topics'), 'threads')
      const a = await hear(at, { from: 'anna', text: 'a', where: 'topic-a', mention: true })
      const b = await hear(at, { from: 'anna', text: 'b', where: 'topic-b', mention: true })
      expect(a.chat.chat).toBe(b.chat.chat)
      expect(a.chat.thread).not.toBe(b.chat.thread)
      expect(a.chat.thread).toBeDefined()
    })

    it('take an answer in the thread it belongs to', async (context) => {
      const at = await line()
      needs(context, hasPlace(at.network, 'topics'), 'threads')
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
      needs(context, at.network.redeliver, 'repeated deliveries')
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
      needs(context, at.network.places, 'quotes')
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
      needs(context, at.connection.limits.nonce, 'nonce')
      const chat = await chatWithAnna(at)
      const message = words('only once')
      const ids = [await at.connection.send(chat, message, never), await at.connection.send(chat, message, never)]
      expect(ids[0]).toBe(ids[1])
      expect(at.network.sent().length).toBe(1)
    })

    it('is known as refused for good when we are blocked', async (context) => {
      const at = await line()
      needs(context, at.network.faults.block, 'blocking')
      const chat = await chatWithAnna(at)
      at.network.faults.block()
      expect(await failure(at.connection.send(chat, words('hello?'), never))).toMatchObject({ name: 'SendProblem', outcome: 'never' })
    })

    it('is known as not sent, with the wait asked for, when we are too fast', async (context) => {
      const at = await line()
      needs(context, at.network.faults.throttle, 'rate limit')
      const chat = await chatWithAnna(at)
      at.network.faults.throttle(7_000)
      expect(await failure(at.connection.send(chat, words('too fast'), never))).toMatchObject({ outcome: 'not-sent', retryAfterMs: 7_000 })
      expect(at.network.sent()).toEqual([])
      await at.connection.send(chat, words('slow enough'), never)
    })

    it('is never called sent when the network failed', async (context) => {
      const at = await line()
      needs(context, at.network.faults.failSend, 'inner failures')
      const chat = await chatWithAnna(at)
      at.network.faults.failSend()
      expect(await failure(at.connection.send(chat, words('no luck'), never))).toBeInstanceOf(SendProblem)
      expect(at.network.sent()).toEqual([])
    })

    it('is uncertain when the line broke after it was accepted', async (context) => {
      const at = await line()
      needs(context, at.network.faults.cutAfterAccept, 'line that could break')
      const chat = await chatWithAnna(at)
      at.network.faults.cutAfterAccept()
      expect(await failure(at.connection.send(chat, words('did it arrive?'), never))).toMatchObject({ outcome: 'unknown' })
      expect(at.network.sent().map((message) => message.text)).toEqual(['did it arrive?'])
    })

    it('is known as not sent when nobody could be reached', async (context) => {
      const at = await line()
      needs(context, at.network.faults.offline, 'network to lose')
      const chat = await chatWithAnna(at)
      await at.network.faults.offline()
      expect(await failure(at.connection.send(chat, words('into the void'), never))).toMatchObject({ outcome: 'not-sent' })
      await at.network.faults.online?.()
      expect(at.network.sent()).toEqual([])
    })
  })

  const kit = { channel, line, hear, chatWithAnna, needs, words, failure }
  abilityCases(kit)
  fileCases(kit)
  buttonCases(kit)

  describe(`${channel.id}: abilities`, () => {
    it('edits a message in place', async (context) => {
      const at = await line()
      needs(context, at.connection.edit, 'edits')
      const chat = await chatWithAnna(at)
      const id = await at.connection.send(chat, words('draft'), never)
      await at.connection.edit(chat, id, words('final'), never)
      expect(at.network.sent().map((message) => message.text)).toEqual(['final'])
    })

    it('takes an edit that changes nothing as done', async (context) => {
      const at = await line()
      needs(context, at.connection.edit, 'edits')
      const chat = await chatWithAnna(at)
      const id = await at.connection.send(chat, words('**same**'), never)
      await at.connection.edit(chat, id, words('**same**'), never)
      expect(at.network.sent().length).toBe(1)
    })

    it('says that an edit of a message that is not there can never succeed', async (context) => {
      const at = await line()
      needs(context, at.connection.edit, 'edits')
      const chat = await chatWithAnna(at)
      expect(await failure(at.connection.edit(chat, '99999999' as PlatformMessageId, words('x'), never))).toMatchObject({ outcome: 'never' })
    })

    it('says how often a message may be edited, where it can be', async () => {
      const { connection } = await line()
      expect(connection.edit === undefined).toBe(connection.limits.editEveryMs === undefined)
    })

    it('removes a message, and takes removing it again as done', async (context) => {
      const at = await line()
      needs(context, at.connection.remove, 'removal')
      const chat = await chatWithAnna(at)
      const id = await at.connection.send(chat, words('oops'), never)
      await at.connection.remove(chat, id, never)
      await at.connection.remove(chat, id, never)
      expect(at.network.sent().filter((message) => !message.removed)).toEqual([])
    })

    it('shows that we are working, and never minds if it can not', async (context) => {
      const at = await line()
      needs(context, at.connection.typing, 'typing sign')
      const chat = await chatWithAnna(at)
      await at.connection.typing(chat)
      await at.network.faults.offline?.()
      await at.connection.typing(chat)
      await at.network.faults.online?.()
    })

    it('finds the direct chat of a sender', async (context) => {
      const at = await line()
      needs(context, at.connection.openDirect, 'way to write first')
      const message = await hear(at, { from: 'anna', text: 'hi' })
      const chat = await at.connection.openDirect(message.sender.id)
      expect(chat).toMatchObject({ chat: message.chat.chat, kind: 'direct', channel: channel.id, account: at.host.account })
      await at.connection.send(chat, words('found you'), never)
      expect(at.network.sent().at(-1)?.text).toBe('found you')
    })

    it('checks the login with words for a person, and fails with words for a person', async (context) => {
      const at = await line()
      needs(context, at.connection.probe, 'probe')
      expect(await at.connection.probe(never)).not.toBe('')
      needs(context, at.network.faults.offline, 'network to lose')
      await at.network.faults.offline()
      const error = await failure(at.connection.probe(never))
      expect(error).toMatchObject({ name: 'Problem' })
      expect(describeError(error)).toMatch(/\w+ \w+/)
      await at.network.faults.online?.()
    })

    it('finds an uncertain message, and knows when there is none', async (context) => {
      const at = await line()
      needs(context, at.connection.findSent, 'history to read')
      const chat = await chatWithAnna(at)
      const message = words('look me up')
      const since = Date.now()
      const id = await at.connection.send(chat, message, never)
      expect(await at.connection.findSent(chat, message.key, since)).toBe(id)
      expect(await at.connection.findSent(chat, 'never0used' as DeliveryKey, since)).toBeUndefined()
    })
  })

  describe(`${channel.id}: how it is`, () => {
    it('says connected, after a round trip', async () => {
      const { host } = await line()
      await host.until(() => host.reports.at(-1)?.kind === 'connected', 'the report')
    })

    it('never says connected while nobody can be reached', async (context) => {
      const { network, attempt } = await begin()
      needs(context, network.faults.offline, 'network to lose')
      await network.faults.offline()
      const host = hostOf(network)
      const error = await failure(attempt(host))
      expect(host.reports.map((report) => report.kind)).not.toContain('connected')
      if (error !== undefined) expect(error instanceof ConnectProblem && error.permanent).toBe(false)
      await network.faults.online?.()
    })

    it('notices a broken line, says so, and comes back by itself', async (context) => {
      const { network, connect } = await begin()
      needs(context, network.faults.offline, 'network to lose')
      const at = await connect({ clock: fastClock(10) })
      await hear(at, { from: 'anna', text: 'before' })
      await network.faults.offline()
      await at.host.until(() => at.host.reports.at(-1)?.kind === 'retrying', 'the report of the loss')
      await network.faults.online?.()
      await hear(at, { from: 'anna', text: 'after' })
      await at.host.until(() => at.host.reports.at(-1)?.kind === 'connected', 'the report of the return')
    })

    it('survives lines that break again and again', async (context) => {
      const { network, connect } = await begin()
      needs(context, network.faults.cut, 'line that could break')
      const at = await connect({ clock: fastClock(10) })
      for (let round = 0; round < 5; round++) {
        network.faults.cut()
        await hear(at, { from: 'anna', text: `round ${round}` })
      }
      expect(at.host.taken.length).toBe(5)
    })

    it('notices that a line is open but deaf, and opens another', async (context) => {
      const { network, connect } = await begin()
      needs(context, network.faults.deafen, 'line that could go deaf')
      const at = await connect({ clock: fastClock(network.speed ?? 40) })
      await hear(at, { from: 'anna', text: 'before' })
      network.faults.deafen(true)
      await network.say({ from: 'anna', text: 'can you hear me?' })
      await at.host.until(() => at.host.reports.at(-1)?.kind === 'retrying', 'the report of the silence')
      network.faults.deafen(false)
      await at.host.until(() => at.host.taken.some((message) => message.text === 'can you hear me?'), 'the message')
      await at.host.until(() => at.host.reports.at(-1)?.kind === 'connected', 'the report of the return')
    }, 60_000)

    it('asks a person for help, with the one thing to do, when the login is refused', async (context) => {
      const { network, connect, attempt } = await begin()
      needs(context, network.faults.revoke, 'login')
      const at = await connect({ clock: fastClock(10) })
      network.faults.revoke()
      await at.host.until(() => at.host.reports.at(-1)?.kind === 'needs-you', 'the call for help')
      expect(at.host.reports.at(-1)).toMatchObject({ action: expect.stringMatching(/\w+ \w+/) as string })
      const error = await failure(attempt(hostOf(network)))
      expect(error).toBeInstanceOf(ConnectProblem)
      expect(error).toMatchObject({ permanent: true, next: expect.stringMatching(/\w+ \w+/) as string })
    })

    it('asks for the credential it lacks', async (context) => {
      const { network, attempt } = await begin()
      needs(context, network.secrets ?? network.sealed, 'login')
      const error = await failure(attempt(createTestHost()))
      expect(error).toBeInstanceOf(ConnectProblem)
      expect((error as ConnectProblem).permanent).toBe(true)
    })

    it('never writes a credential into a log, a report or an error', async (context) => {
      const { network, connect, attempt } = await begin()
      needs(context, network.secrets, 'login')
      const at = await connect({ clock: fastClock(10) })
      const chat = await chatWithAnna(at)
      await network.faults.offline?.()
      const errors = [await failure(at.connection.send(chat, words('x'), never)), await failure(attempt(createTestHost({ secrets: network.secrets })))]
      await network.faults.online?.()
      const flatten = (error: unknown, depth = 0): string => (error instanceof Error && depth < 6 ? `${error.message} ${JSON.stringify(error)} ${flatten(error.cause, depth + 1)}` : String(error))
      const said = JSON.stringify([at.host.log.lines, at.host.reports]) + errors.map((error) => flatten(error)).join(' ')
      for (const secret of Object.values(network.secrets)) expect(said).not.toContain(secret)
    })
  })

  describe(`${channel.id}: the end`, () => {
    it('comes within five seconds, and a second time is harmless', async () => {
      const { connection, host } = await line()
      await connection.close()
      await connection.close()
      expect(host.reports.at(-1)?.kind).toBe('closed')
    }, 5_000)

    it('waits for what is being handed over', async () => {
      const at = await line()
      const release = at.host.hold()
      const saying = at.network.say({ from: 'anna', text: 'almost there' })
      await at.host.until(() => at.host.calls.length === 1, 'the hand-over')
      let closed = false
      const closing = at.connection.close().then(() => (closed = true))
      await new Promise((resolve) => setImmediate(resolve))
      expect(closed).toBe(false)
      release()
      await Promise.all([closing, saying.catch(() => undefined)])
      expect(at.host.taken.length).toBe(1)
    })

    it('does not wait for ever for a hand-over that hangs', async () => {
      const at = await line({ clock: fastClock(20) })
      const release = at.host.hold()
      const saying = at.network.say({ from: 'anna', text: 'stuck' })
      await at.host.until(() => at.host.calls.length === 1, 'the hand-over')
      await at.connection.close()
      release()
      await saying.catch(() => undefined)
    })

    it('is the end: nothing is handed over after it, and nothing is lost', async () => {
      const { network, connect } = await begin()
      const before = await connect()
      await hear(before, { from: 'anna', text: 'before' })
      await before.connection.close()
      const saying = network.say({ from: 'anna', text: 'too late' })
      const after = await connect({ memory: before.host.memory })
      await saying
      await after.host.until(() => after.host.taken.some((message) => message.text === 'too late'), 'the message')
      expect(before.host.calls.map((call) => call.message.text)).toEqual(['before'])
    })

    it('makes a later send fail as certainly not sent', async () => {
      const at = await line()
      const chat = await chatWithAnna(at)
      await at.connection.close()
      expect(await failure(at.connection.send(chat, words('after the end'), never))).toMatchObject({ outcome: 'not-sent' })
      expect(at.network.sent()).toEqual([])
    })

    it('can be followed by a new beginning', async () => {
      const { connect } = await begin()
      const first = await connect()
      await first.connection.close()
      await hear(await connect(), { from: 'anna', text: 'again' })
    })
  })

  describe(`${channel.id}: the door`, () => {
    it('is there exactly when the gateway authenticates the senders itself', async () => {
      const { connection } = await line()
      expect(connection.door !== undefined).toBe(channel.senders === 'authenticated')
    })

    it('takes words, puts them into a direct chat of this account, and passes the receipt on', async (context) => {
      const at = await line()
      needs(context, at.connection.door, 'door')
      const receipt = await at.connection.door.submit(request('agent:main:main'))
      expect(receipt.kind).toBe('accepted')
      expect(at.host.taken.at(-1)?.chat).toEqual({ channel: channel.id, account: at.host.account, chat: 'agent:main:main', kind: 'direct' })
    })

    it('passes on that words could not be written down', async (context) => {
      const at = await line()
      needs(context, at.connection.door, 'door')
      at.host.rejectNext(1)
      await expect(at.connection.door.submit(request('agent:main:main'))).rejects.toThrow('the store is full')
    })

    it('passes wishes and the session on untouched', async (context) => {
      const at = await line()
      needs(context, at.connection.door, 'door')
      const wishes = { thinking: 'high', model: 'a/b', commands: false, instructions: 'be kind', timeoutMs: 5 } as const
      await at.connection.door.submit({ ...request('x'), session: 'agent:main:x' as never, wishes })
      expect(at.host.taken.at(-1)).toMatchObject({ session: 'agent:main:x', wishes })
    })

    it('tells every listener once, until it stops listening', async (context) => {
      const at = await line()
      needs(context, at.connection.door, 'door')
      const chat = await chatWithAnna(at)
      const heard: string[] = []
      at.connection.door.onSend(() => {
        throw new Error('a broken listener')
      })
      const stop = at.connection.door.onSend((_, message, id) => heard.push(`${message.markdown} ${id}`))
      const id = await at.connection.send(chat, words('hear, hear'), never)
      stop()
      await at.connection.send(chat, words('unheard'), never)
      expect(heard).toEqual([`hear, hear ${id}`])
    })

    it('is shut after the end', async (context) => {
      const at = await line()
      needs(context, at.connection.door, 'door')
      await at.connection.close()
      await expect(at.connection.door.submit(request('x'))).rejects.toMatchObject({ name: 'Problem' })
      expect(at.host.calls).toEqual([])
    })
  })
}

let lastRequest = 0
function request(chat: string): Parameters<NonNullable<Connection['door']>['submit']>[0] {
  return { id: `request-${++lastRequest}` as PlatformMessageId, chat: chat as never, sender: { id: 'owner' as SenderId }, sentAt: Date.now(), text: 'words', attachments: [], mentioned: 'yes' }
}

/** The suite for a way in of our own: its network is a client that submits again until its words were taken. */
export function testOwnDoor(channel: Channel): void {
  testChannel({
    channel,
    async start() {
      let door: Connection['door']
      const delivered = new Set<string>()
      const sent: SeenMessage[] = []
      const buttons = new Map<PlatformMessageId, readonly { label: string; says: string }[]>()
      const watchers = new Set<() => void>()
      let arrival = Promise.resolve()
      let openDoor = (): void => {}
      let waitForDoor = new Promise<void>((resolve) => (openDoor = resolve))
      let stopped = false
      const changed = (): void => {
        for (const watcher of watchers) watcher()
      }

      async function submit(said: Words, id: PlatformMessageId): Promise<void> {
        while (!stopped) {
          if (door === undefined) {
            await waitForDoor
            continue
          }
          const used = door
          try {
            await used.submit({ id, chat: `agent:main:${said.from}` as never, sender: { id: said.from as never as SenderId }, sentAt: Date.now(), text: said.text, attachments: [], mentioned: 'yes' })
            delivered.add(id)
            return changed()
          } catch (error) {
            if (door === used && (error as { code?: string }).code === 'way-in-closed') {
              door = undefined
              waitForDoor = new Promise((resolve) => (openDoor = resolve))
            }
          }
        }
      }

      return {
        config: {},
        connected(connection) {
          door = connection.door
          door?.onSend((_, message, id) => {
            const seen: SeenMessage = { id, text: message.markdown, removed: false, ...(message.buttons === undefined ? {} : { buttons: message.buttons.map(({ label }) => label) }) }
            sent.push(seen)
            buttons.set(id, message.buttons ?? [])
            const { file } = message
            // What was accepted can be fetched at once.
            void file?.bytes().then((bytes) => (seen.file = { bytes, name: file.fileName, mimeType: file.mimeType, as: file.kind }), () => undefined).finally(changed)
            changed()
          })
          openDoor()
        },
        async say(said) {
          const id = `said-${++lastRequest}` as PlatformMessageId
          const mine = arrival.then(() => submit(said, id))
          arrival = mine
          await mine
          return { id }
        },
        async tap(from, id, label) {
          const says = buttons.get(id)?.find((button) => button.label === label)?.says
          if (says !== undefined) await submit({ from, text: says }, `said-${++lastRequest}` as PlatformMessageId)
        },
        acknowledged: (id) => delivered.has(id),
        until: (condition, what) =>
          new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), 15_000)
            const look = (): void => {
              if (!condition()) return
              clearTimeout(timer)
              watchers.delete(look)
              resolve()
            }
            watchers.add(look)
            look()
          }),
        sent: () => sent,
        async stop() {
          stopped = true
          openDoor()
        },
        faults: {},
      }
    },
  })
}

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import Value from 'typebox/value'
import { SendProblem, ackReactionKey, emojiKey, isEmoji, type AgentEvent, type ChatRef, type Connection, type IncomingMessage, type InboxId, type SessionKey } from '@moltbot/contract'
import { FakeClock, memoryLogger } from '@moltbot/contract/testing'
import { createSigns, statusReactionsSection, type SignedMessage, type SignsOptions, type SignsRoom } from './index.ts'
import { leftAloneMs, perMinuteMax, reactDeadlineMs, refusalsMax } from './reactions.ts'
import { typingEveryMs, typingPatienceMs } from './typing.ts'

const key = 'agent:main:main' as SessionKey
const settle = async (): Promise<void> => { for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve)) }

/** A network with accounts, each showing what stands on its messages. */
interface Account { calls: string[]; typed: number; fail: ((emoji: string) => unknown)[]; refuses: Set<string>; standing: Map<string, string>; connection: Connection; health?: { kind: 'throttled'; until: number } }
function account(able: { react?: boolean; typing?: boolean } = {}): Account {
  const it: Account = {
    calls: [], typed: 0, fail: [], refuses: new Set(), standing: new Map(),
    connection: {
      limits: { textLengthMax: 100, nonce: false }, send: async () => 'm' as never, close: async () => undefined,
      ...(able.react === false ? {} : {
        async react(chat, id, emoji) {
          it.calls.push(`${chat.chat}/${id} ${emoji}`)
          const failure = it.fail.shift()?.(emoji)
          if (failure === 'hang') return new Promise<void>(() => undefined)
          if (failure !== undefined) throw failure
          if (it.refuses.has(emoji)) throw new SendProblem('never', 'no such emoji')
          if (emoji === '') it.standing.delete(id)
          else it.standing.set(id, emoji)
        },
      }),
      ...(able.typing === false ? {} : { typing: async () => { it.typed += 1 } }),
    },
  }
  return it
}

let clock: FakeClock
let log: ReturnType<typeof memoryLogger>
let accounts: Map<string, Account>
let net: Account
let up: (() => void)[]
let own: SignsOptions['ackOf']
let ack: ReturnType<SignsOptions['ack']>
let status: Record<string, unknown>
let wishes: ReturnType<SignsOptions['typing']>
let sign: string | null
let turnRows: SignedMessage[]
let reads: number
let signs: SignsRoom
let last: number

/** A gateway that starts: it knows nothing of what one before it showed. */
function start(connections: Partial<SignsOptions['connections']> = {}): SignsRoom {
  return createSigns({
    clock, log,
    connections: {
      of: (chat) => accounts.get(chat.account)?.connection,
      onUp: (listener) => {
        const call = (): void => listener('fake' as never, 'default' as never)
        up.push(call)
        return () => { up = up.filter((each) => each !== call) }
      },
      status: () => [...accounts].map(([name, { health }]) => ({ channel: 'fake', account: name, health: health ?? { kind: 'connected', at: 0 } })) as never,
      ...connections,
    },
    ack: () => ack, ackOf: (chat) => own(chat), status: () => Value.Default(statusReactionsSection.schema, status) as never, typing: () => wishes, emojiOf: () => sign,
    addressed: ({ mentioned }) => mentioned === 'yes',
    ofTurn: async () => { reads += 1; return turnRows },
  })
}

beforeEach(() => {
  clock = new FakeClock()
  log = memoryLogger()
  net = account()
  accounts = new Map([['default', net]])
  up = []
  own = () => undefined
  ack = { scope: 'all', removeAfterReply: true }
  status = {}
  wishes = {}
  sign = null
  turnRows = []
  reads = 0
  last = 0
  signs = start()
})
afterEach(() => { expect(log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]) })

function row(more: { kind?: ChatRef['kind']; mentioned?: string; chat?: string; account?: string; message?: Partial<IncomingMessage>; sessionKey?: SessionKey | null } = {}): SignedMessage {
  const id = `${(last += 1)}`
  return {
    id: `in${id}` as InboxId, sessionKey: more.sessionKey === undefined ? key : more.sessionKey, turnId: 'tn1' as never, end: null, endDetail: null,
    message: {
      id: `p${id}`, chat: { channel: 'fake', account: more.account ?? 'default', chat: more.chat ?? 'c', kind: more.kind ?? 'direct' }, sender: { id: '1' }, sentAt: 0, text: 'hello', attachments: [],
      mentioned: more.mentioned ?? 'no', ...more.message,
    } as IncomingMessage,
  }
}
async function see(more?: Parameters<typeof row>[0]): Promise<SignedMessage> {
  const seen = row(more)
  signs.seen(seen, key)
  await settle()
  return seen
}
async function end(seen: SignedMessage, how: SignedMessage['end'], detail: string | null = null): Promise<void> {
  signs.ended({ ...seen, end: how, endDetail: detail })
  await settle()
}
const turnOf = (...rows: SignedMessage[]): Parameters<SignsRoom['working']>[0] => ({ chat: (rows[0] as SignedMessage).message.chat, batch: rows.map(({ id, message }) => ({ inbox: id, message })) })
const tool: AgentEvent = { type: 'tool-start', callId: 'c1' as never, name: 'read', input: {} }
const toolEnd = { type: 'tool-end' } as AgentEvent
const text = (words: string): AgentEvent => ({ type: 'text-delta', text: words })

describe('the reaction on a message that was taken', () => {
  it('is put, and taken back when the message has its end, whichever', async () => {
    for (const how of ['answered', 'silent', 'failed'] as const) {
      const seen = await see()
      expect([...net.standing]).toEqual([[seen.message.id, '👀']])
      await end(seen, how)
      expect([...net.standing]).toEqual([])
    }
  })
  it('stays, unless it is to be taken back', async () => {
    ack = { scope: 'all', removeAfterReply: false }
    const seen = await see()
    await end(seen, 'answered')
    expect(net.calls).toEqual(['c/p1 👀'])
  })
  it.each([
    ['group-mentions', [false, false, true]], ['group-all', [false, true, true]], ['direct', [true, false, false]], ['all', [true, true, true]], ['off', [false, false, false]], ['none', [false, false, false]],
  ] as const)('with the scope %s is put on the right messages: direct, in a group, in a group with a mention', async (scope, expected) => {
    ack = { scope, removeAfterReply: false }
    const seen = [await see(), await see({ kind: 'group' }), await see({ kind: 'group', mentioned: 'yes' })]
    expect(seen.map(({ message }) => net.standing.has(message.id))).toEqual(expected)
  })
  it.each([
    [{}, [true, false, true]], [{ direct: false, group: 'always' }, [false, true, true]], [{ group: 'never' }, [true, false, false]], [{ emoji: '' }, [false, false, false]],
  ] as const)('as a login says it for itself (%j), whatever the general scope is', async (wish, expected) => {
    ack = { scope: 'off', removeAfterReply: false }
    own = () => wish
    const seen = [await see(), await see({ kind: 'group' }), await see({ kind: 'group', mentioned: 'yes' })]
    expect(seen.map(({ message }) => net.standing.has(message.id))).toEqual(expected)
  })
  it('is the emoji of the login, else the general one, else the assistant\'s own where that is one, else eyes', async () => {
    const shown = async (): Promise<string | undefined> => net.standing.get((await see()).message.id)
    sign = 'a lobster'
    expect(await shown()).toBe('👀')
    sign = '🦞'
    expect(await shown()).toBe('🦞')
    ack.emoji = '🎉'
    expect(await shown()).toBe('🎉')
    own = () => 'eyes'
    expect(await shown()).toBe(':eyes:')
    ack.emoji = ''
    own = () => undefined
    expect(await shown()).toBeUndefined()
  })
  it('is never put on what the gateway itself wrote', async () => {
    await see({ message: { job: { id: 'j', dueAt: 0 } } })
    await see({ message: { follows: { id: 'x', effect: 'runs-code', outcome: 'done', why: '' } as never } })
    expect(net.calls).toEqual([])
  })
  it('costs nothing where a network has none: nothing is read, nothing is called', async () => {
    accounts.set('default', net = account({ react: false }))
    let asked = 0
    signs = start({ status: () => { asked += 1; return [] } })
    const seen = await see()
    await end(seen, 'answered')
    expect([net.calls, reads, asked]).toEqual([[], 0, 0])
  })
  it('is taken back by the gateway that comes after a crash, also on what had joined the message', async () => {
    const [first, second] = [await see(), await see()]
    await end(second, 'merged', first.id)
    turnRows = [first, { ...second, end: 'merged', endDetail: first.id }, row()]
    signs = start()
    await end(first, 'answered')
    expect([...net.standing]).toEqual([])
    expect(reads).toBe(1)
  })
  it('is taken back once the account is connected again, when its message ended before that', async () => {
    const seen = await see()
    accounts.clear()
    signs = start()
    await end(seen, 'silent')
    expect(net.standing.size).toBe(1)
    accounts.set('default', net)
    up.forEach((call) => call())
    await settle()
    expect(net.standing.size).toBe(0)
    expect(up).toEqual([])
  })
  it('of a message that was never for the assistant, or was a command, is not looked for', async () => {
    await end(row({ sessionKey: null }), 'denied')
    await end(row(), 'command')
    expect(net.calls).toEqual([])
  })
  it('on a message that joined another goes when that one is answered, not before', async () => {
    const [first, second] = [await see(), await see()]
    await end(second, 'merged', first.id)
    expect(net.standing.size).toBe(2)
    await end(first, 'answered')
    expect(net.standing.size).toBe(0)
  })
})

describe('a network', () => {
  it('that does not have the emoji gets eyes, and is not asked for the other one again', async () => {
    sign = '🦞'
    net.refuses.add('🦞')
    await see()
    await see()
    expect(net.calls).toEqual(['c/p1 🦞', 'c/p1 👀', 'c/p2 👀'])
  })
  it('that takes no reaction on one message is asked for the same emoji on the next', async () => {
    sign = '🦞'
    net.fail = [() => new SendProblem('never', 'message not found'), () => new SendProblem('never', 'message not found')]
    const gone = await see()
    await end(gone, 'answered')
    await see()
    expect(net.calls).toEqual(['c/p1 🦞', 'c/p1 👀', 'c/p2 🦞'])
  })
  it('whose place takes none at all is left alone for a while', async () => {
    net.refuses.add('👀')
    for (let count = 0; count < refusalsMax + 3; count += 1) await see()
    expect(net.calls).toHaveLength(refusalsMax)
    await see({ chat: 'other' })
    expect(net.calls).toHaveLength(refusalsMax + 1)
    net.refuses.clear()
    await clock.advance(leftAloneMs)
    await see()
    expect([...net.standing.values()]).toEqual(['👀'])
  })
  it('that wants a pause gets no reaction until it is over; one that stands is taken back after it, once', async () => {
    const seen = await see()
    net.fail = [() => new SendProblem('not-sent', 'slow down', { retryAfterMs: 5_000 })]
    await see()
    await see()
    expect(net.calls).toHaveLength(2)
    await end(seen, 'answered')
    expect(net.standing.size).toBe(1)
    net.fail = [() => new SendProblem('not-sent', 'slow down', { retryAfterMs: 5_000 })]
    await clock.advance(5_000)
    await clock.advance(60_000)
    expect(net.calls).toHaveLength(3)
    await see()
    expect(net.calls).toHaveLength(4)
  })
  it('that is throttled by what else we send gets none either', async () => {
    net.health = { kind: 'throttled', until: clock.now() + 1_000 }
    await see()
    expect(net.calls).toEqual([])
    await clock.advance(1_000)
    await see()
    expect(net.calls).toHaveLength(1)
  })
  it('that fails or hangs is not asked again, and what may stand is taken back', async () => {
    net.fail = [() => new TypeError('socket closed'), () => 'hang']
    const [one, two] = [await see(), await see()]
    await clock.advance(reactDeadlineMs)
    expect(net.calls).toHaveLength(2)
    await end(one, 'answered')
    await end(two, 'answered')
    expect(net.calls.slice(2)).toEqual(['c/p1 ', 'c/p2 '])
  })
  it(`gets no more than ${perMinuteMax} in one place within a minute`, async () => {
    for (let count = 0; count < perMinuteMax + 5; count += 1) await see()
    await see({ chat: 'other' })
    expect(net.calls).toHaveLength(perMinuteMax + 1)
    await clock.advance(60_000)
    await see()
    expect(net.calls).toHaveLength(perMinuteMax + 2)
  })
  it('is asked for nothing after the end', async () => {
    const seen = await see()
    signs.close()
    await end(seen, 'answered')
    await see()
    expect(net.calls).toHaveLength(1)
  })
})

/** Whether each of two accounts that know a chat of the same id got the reaction for its own message alone. */
async function staysApart(of?: SignsOptions['connections']['of']): Promise<boolean> {
  const other = account()
  accounts.set('second', other)
  signs = start(of === undefined ? {} : { of })
  const [here, there] = [await see(), await see({ account: 'second' })]
  await end(here, 'answered')
  return other.standing.has(there.message.id) && other.calls.length === 1 && net.calls.length === 2 && net.standing.size === 0
}
it('CHN-24 of two accounts with a chat of the same id, each gets the reaction for its own message, whatever conversation it belongs to', async () => {
  expect(await staysApart()).toBe(true)
})
it('CHN-24 twin: a look-up that takes the first account it finds is caught', async () => {
  expect(await staysApart(() => net.connection)).toBe(false)
})

describe('a reaction that follows the work', () => {
  beforeEach(() => { status = { enabled: true } })
  it('shows what is done, after it has lasted a moment, and how it ended', async () => {
    ack.removeAfterReply = false
    const seen = await see()
    const working = signs.working(turnOf(seen))
    await clock.advance(700)
    working.show(tool)
    await clock.advance(200)
    working.show(toolEnd)
    await clock.advance(200)
    working.show(tool)
    await clock.advance(700)
    working.end()
    await end(seen, 'answered')
    await clock.advance(60_000)
    expect(net.calls).toEqual(['c/p1 👀', 'c/p1 🤔', 'c/p1 ✍️', 'c/p1 👍'])
  })
  it('follows a turn that began while its message was on the way to the disk', async () => {
    const seen = row()
    signs.working(turnOf(seen))
    await clock.advance(100)
    expect(net.calls).toEqual([])
    signs.seen(seen, key)
    await clock.advance(700)
    expect(net.calls).toEqual(['c/p1 👀', 'c/p1 🤔'])
  })
  it('says when nothing happens for long, and goes on when something does', async () => {
    const seen = await see()
    const working = signs.working(turnOf(seen))
    await clock.advance(9_999)
    expect(net.standing.get('p1')).toBe('🤔')
    await clock.advance(1)
    expect(net.standing.get('p1')).toBe('🥱')
    await clock.advance(20_000)
    expect(net.standing.get('p1')).toBe('😨')
    working.show(text('at last'))
    await clock.advance(700)
    expect(net.standing.get('p1')).toBe('🤔')
    await clock.advance(9_300)
    expect(net.standing.get('p1')).toBe('🥱')
  })
  it('shows that it failed, and with removal goes a moment later', async () => {
    const seen = await see()
    await end(seen, 'failed')
    expect(net.standing.get('p1')).toBe('😱')
    await clock.advance(2_500)
    expect(net.standing.size).toBe(0)
  })
  it('of a gateway that died says at the next one how it ended', async () => {
    ack.removeAfterReply = false
    const seen = await see()
    const working = signs.working(turnOf(seen))
    await clock.advance(700)
    working.end()
    signs = start()
    await end(seen, 'answered')
    expect(net.standing.get('p1')).toBe('👍')
  })
  it('is taken back when nothing was said', async () => {
    const seen = await see()
    await end(seen, 'silent')
    expect(net.standing.size).toBe(0)
  })
  it('leaves a state out whose emoji is empty or not had by the network, and keeps what stands', async () => {
    status = { enabled: true, emojis: { thinking: '' } }
    net.refuses.add('✍️')
    const seen = await see()
    const working = signs.working(turnOf(seen))
    await clock.advance(1_000)
    for (let times = 0; times < 3; times += 1) {
      working.show(tool)
      await clock.advance(1_000)
      working.show(toolEnd)
      await clock.advance(1_000)
    }
    expect(net.calls).toEqual(['c/p1 👀', 'c/p1 ✍️'])
    expect(net.standing.get('p1')).toBe('👀')
  })
  it('never lets an outdated state overtake the last one', async () => {
    const seen = await see()
    const working = signs.working(turnOf(seen))
    let answer = (): void => undefined
    net.connection.react = async (_chat, id, emoji) => {
      net.calls.push(emoji)
      if (emoji === '🤔') await new Promise<void>((resolve) => { answer = resolve })
      net.standing.set(id, emoji)
    }
    await clock.advance(700)
    working.show(tool)
    await clock.advance(700)
    working.end()
    await end(seen, 'answered')
    answer()
    await settle()
    expect(net.calls.slice(1)).toEqual(['🤔', '👍'])
    expect(net.standing.get('p1')).toBe('👍')
  })
})

describe('the sign that it writes', () => {
  it('is shown from the start in direct chats and where it was mentioned, and with the first words elsewhere', async () => {
    signs.working(turnOf(row())).end()
    signs.working(turnOf(row({ kind: 'group' }), row({ kind: 'group', mentioned: 'yes' }))).end()
    expect(net.typed).toBe(2)
    const working = signs.working(turnOf(row({ kind: 'group' })))
    working.show(tool)
    expect(net.typed).toBe(2)
    working.show(text('NO_'))
    expect(net.typed).toBe(2)
    working.show(text('thing to say'))
    expect(net.typed).toBe(3)
  })
  it.each([['never', [0, 0, 0]], ['instant', [1, 1, 1]], ['thinking', [0, 1, 1]], ['message', [0, 0, 1]]] as const)('in the mode %s begins when it says', async (mode, expected) => {
    wishes = { mode }
    const working = signs.working(turnOf(row()))
    const seen = [net.typed]
    working.show({ type: 'thinking-delta', text: 'hm' })
    seen.push(net.typed)
    working.show(text('Well'))
    seen.push(net.typed)
    working.end()
    expect(seen).toEqual(expected)
  })
  it('is repeated as long as the work gets on, ends with it, and never goes on for two minutes without a sign of life', async () => {
    const working = signs.working(turnOf(row()))
    await clock.advance(typingEveryMs)
    expect(net.typed).toBe(2)
    await clock.advance(typingPatienceMs)
    const before = net.typed
    await clock.advance(typingPatienceMs)
    expect(net.typed).toBe(before)
    working.show(tool)
    expect(net.typed).toBe(before + 1)
    working.end()
    working.show(tool)
    await clock.advance(typingPatienceMs)
    expect(net.typed).toBe(before + 1)
  })
  it('is repeated as often as configured', async () => {
    wishes = { everyMs: 20_000 }
    signs.working(turnOf(row()))
    await clock.advance(40_000)
    expect(net.typed).toBe(3)
  })
  it('is nothing where the network has none, and no trouble where it fails', async () => {
    net.connection.typing = () => { throw new Error('no such thing') }
    expect(() => signs.working(turnOf(row()))).not.toThrow()
    accounts.set('default', account({ typing: false }))
    signs.working(turnOf(row())).show(tool)
    await settle()
  })
})

describe('what may stand in the configuration', () => {
  const takes = (value: unknown): boolean => Value.Check(emojiKey('an emoji'), value)
  it('is one emoji, its name, or nothing', () => {
    for (const good of ['👀', '❤️', '👍🏽', '👨‍💻', '🏳️‍🌈', '🇩🇪', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '1️⃣', ':party-parrot:', 'eyes', '']) expect([good, takes(good)]).toEqual([good, true])
    for (const good of ['👀', '👍🏽', '👨‍💻', '🇩🇪']) expect([good, isEmoji(good)]).toEqual([good, true])
  })
  it('is no text, no control character and nothing long', () => {
    for (const bad of ['👀👀', 'see you', '👀\u0000', '\u001b[31m', '👀\n', '\u202e👀', '👀'.repeat(100), `:${'a'.repeat(41)}:`, 'x'.repeat(1_000), '<script>', '👀\u{E0041}'.repeat(3), ' ']) expect([bad, takes(bad)]).toEqual([bad, false])
    for (const bad of ['', 'a', 'eyes', '7', '👀👀']) expect([bad, isEmoji(bad)]).toEqual([bad, false])
  })
  it('is said of a login as one emoji or as an object', () => {
    for (const good of ['👀', {}, { emoji: '✅', direct: true, group: 'mentions' }]) expect(Value.Check(ackReactionKey, good)).toBe(true)
    for (const bad of ['two words', { emoji: 'two words' }, { group: 'sometimes' }, 7]) expect(Value.Check(ackReactionKey, bad)).toBe(false)
  })
})

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noUsage, type AssistantMessage, type ChannelId, type PrincipalId, type ToolCallId } from '@moltbot/contract'
import { givenUpAfterMs, handleMessage, resume, startsMax } from './handle-message.ts'
import { RouteWorld, echo, end, endless, main, said, settle, type Agent } from './testing/route-world.ts'

let world: RouteWorld

beforeEach(async () => { world = await RouteWorld.open() })
afterEach(() => world.close())

describe('a message', () => {
  it('is answered', async () => {
    expect(await world.hear('hello')).toMatchObject({ kind: 'accepted' })
    expect(world.texts()).toEqual(['You said: hello'])
    expect(await world.ends()).toEqual(['hello: answered'])
  })
  it('that comes again is known, and answered once', async () => {
    const first = await world.hear('hello', { id: 'x' })
    expect(await world.hear('hello', { id: 'x' })).toEqual({ ...first, kind: 'duplicate' })
    expect(world.texts()).toHaveLength(1)
  })
  it('of a stranger gets one invitation and never reaches the model', async () => {
    await world.hear('let me in', { sender: '9' })
    await world.hear('hello?', { sender: '9' })
    expect(world.texts()).toHaveLength(1)
    expect(world.texts()[0]).toMatch(/\*\*[A-Z2-9]{8}\*\*/)
    expect(world.runs).toEqual([])
    expect(await world.ends()).toEqual(['let me in: denied', 'hello?: denied'])
  })
  it('of someone who is not let in gets no word', async () => {
    world.access = { dmPolicy: 'allowlist' }
    await world.hear('hello', { sender: '9' })
    expect([world.texts(), await world.ends()]).toEqual([[], ['hello: denied']])
  })
  it('too large is refused and stands in the record', async () => {
    expect(await world.hear('x'.repeat(200_001))).toMatchObject({ kind: 'refused' })
    expect(await world.ends()).toEqual([])
    expect(await world.audit.about('fake:1')).toMatchObject([{ act: 'message.refused' }])
  })
  it('that the assistant answers with silence ends silent', async () => {
    world.agent = async function* () { yield end({ kind: 'silent' }) }
    await world.hear('hello')
    expect([world.texts(), await world.ends()]).toEqual([[], ['hello: silent']])
  })
  it('whose work fails is told so, and ends as failed', async () => {
    world.agent = async function* () { yield end({ kind: 'failed', text: '', fault: { class: 'auth', message: 'The key was refused.' } }) }
    await world.hear('hello')
    expect(world.texts()[0]).toContain('I could not finish: The key was refused. The owner can set a new key')
    expect(await world.ends()).toEqual(['hello: failed'])
  })
  it('whose work breaks off, or ends without an outcome, is told so too', async () => {
    world.agent = async function* () { yield { type: 'turn-start' }; throw new Error('boom') }
    await world.hear('one')
    world.agent = async function* () { yield said('half') }
    await world.hear('two')
    expect(world.texts()[0]).toContain('boom')
    expect(world.texts()[1]).toContain('half')
    expect(await world.ends()).toEqual(['one: failed', 'two: failed'])
  })
  it('that waited long says that the answer is late', async () => {
    await world.hear('hello', { sentAt: world.clock.now() - 11 * 60_000 })
    expect(world.texts()[0]).toMatch(/^\*\(Late/)
  })
  it('for an agent that is no longer there fails in words, and others are answered', async () => {
    await world.hear('hello', { sender: 'owner', channel: 'web', session: 'agent:gone:main' })
    expect(world.texts()[0]).toContain('There is no agent called gone')
    await world.hear('and me')
    expect(world.texts()[1]).toBe('You said: and me')
  })
})

describe('a reaction', () => {
  beforeEach(() => { world.ack = { scope: 'all', removeAfterReply: true } })
  it('is put on what is for the assistant, and taken back after the answer', async () => {
    await world.hear('hello', { id: 'x' })
    expect(world.reactions).toEqual(['1/x 👀', '1/x '])
  })
  it('is put on no command, but on the words one passes on; and on nothing of a stranger', async () => {
    await world.hear('/status')
    await world.hear('let me in', { sender: '9' })
    expect(world.reactions).toEqual([])
    await world.hear('/new hello', { id: 'x' })
    expect(world.reactions).toEqual(['1/x 👀', '1/x '])
  })
  it('stays in the chat of its message when the conversation goes on elsewhere', async () => {
    world.agent = endless
    await world.hear('one', { id: 'x', sender: '1' })
    await world.hear('two', { id: 'y', sender: '1', chat: 'other' })
    world.agent = echo
    await world.sessions.abort(main, { reason: 'stop' })
    await settle()
    expect([...world.reactions].sort()).toEqual(['1/x ', '1/x 👀', 'other/y ', 'other/y 👀'])
  })
  it('of a gateway that died is taken back by the next one', async () => {
    world.agent = endless
    await world.hear('hello', { id: 'x' })
    world.agent = echo
    await world.crash()
    expect([world.texts(), world.reactions]).toEqual([['You said: hello'], ['1/x 👀', '1/x 👀', '1/x ']])
  })
})

describe('a command', () => {
  it('is answered without the model and ends as a command', async () => {
    await world.hear('/whoami')
    expect(world.texts()[0]).toContain('You are the owner here.')
    expect([world.runs, await world.ends()]).toEqual([[], ['/whoami: command']])
  })
  it('that fails is told in words', async () => {
    await world.hear('/think sideways')
    expect(world.texts()[0]).toContain('is no thinking level')
  })
  it('of the owner is denied to a member', async () => {
    await world.hear('/pair', { sender: '2' })
    expect([world.texts(), await world.ends()]).toEqual([[], ['/pair: denied']])
  })
  it('is denied to a guest, while their plain words reach the assistant', async () => {
    world.access = { dmPolicy: 'open', allowFrom: ['*'] }
    await world.hear('/whoami', { sender: '9' })
    await world.hear('wait', { sender: '9' })
    expect(await world.ends()).toEqual(['/whoami: denied', 'wait: answered'])
  })
  it('`/new` with words starts afresh with them', async () => {
    await world.hear('first')
    const before = (await world.sessions.get(main))?.id
    await world.hear('/new second')
    expect(world.texts()[1]).toBe('You said: second')
    expect((await world.sessions.get(main))?.id).not.toBe(before)
    expect(await world.ends()).toEqual(['first: answered', '/new second: answered'])
  })
  it('`/why` alone tells of one\'s own last message, never of another\'s', async () => {
    await world.hear('my secret', { sender: '2', chat: 'g', kind: 'group' })
    await world.hear('/why', { sender: '1', chat: 'g', kind: 'group' })
    expect(world.texts()[1]).toBe('I know nothing about that.')
    await world.hear('mine', { sender: '1', chat: 'g', kind: 'group' })
    await world.hear('/why', { sender: '1', chat: 'g', kind: 'group' })
    expect(world.texts()[3]).toContain('from 1 on fake, group g: "mine"')
  })
})

describe('when the store fails', () => {
  it('DUR-01: before a message is durable it is not acknowledged, nothing is done, and it is taken when it comes again', async () => {
    for (const statement of [/INTO inbox_seen/, /INTO inbox \(/, /UPDATE inbox/, /INTO sessions/, /FROM identities/]) {
      let hit = false
      world.strike = (query) => { if (!hit && statement.test(query)) { hit = true; throw new Error('disk full') } }
      const id = `x${String(statement)}`
      await expect(world.hear('hello', { id, sender: '2', chat: id })).rejects.toThrow('disk full')
      expect(world.sent).toEqual([])
      expect(await world.ends()).toEqual([])
    }
    world.strikeCommit = () => { world.strikeCommit = () => undefined; throw new Error('disk full') }
    await expect(world.hear('hello', { id: 'y', sender: '2' })).rejects.toThrow('disk full')
    await world.hear('hello', { id: 'y', sender: '2' })
    expect(world.texts()).toEqual(['You said: hello'])
  })

  it('DUR-01: at any one commit of a turn nothing is lost and nothing doubled, now or after the next start', async () => {
    const withTool: Agent = async function* (_turn, view) {
      if (view.messages.at(-1)?.role === 'tool') return yield* echo(_turn, view)
      yield { type: 'assistant-end', message: { role: 'assistant', model: 'm', content: [{ type: 'text', text: 'looking' }, { type: 'tool-call', id: 'c1' as ToolCallId, name: 't', input: {} }] } as AssistantMessage, usage: noUsage, stop: 'tools', model: 'm' }
      yield { type: 'tool-end', result: { role: 'tool', callId: 'c1' as ToolCallId, name: 't', isError: false, content: [{ type: 'text', text: 'found' }] } }
      yield* echo(_turn, view)
    }
    for (const how of ['once', 'always'] as const) {
      for (let nth = 1; nth <= 6; nth += 1) {
        world.agent = withTool
        world.sent = []
        let commits = 0
        world.strikeCommit = () => { commits += 1; if (how === 'once' ? commits === nth : commits >= nth) throw new Error('disk full') }
        const id = `${how}-${nth}`
        const text = `words ${id}`
        const taken = await handleMessage(world.message(text, { id, chat: id, sender: '2' }), world.journey).then(() => true, () => false)
        for (let pauses = 0; pauses < 6; pauses += 1) { await settle(); await world.clock.advance(1_000) }
        world.strikeCommit = () => undefined
        for (let pauses = 0; pauses < 6; pauses += 1) { await settle(); await world.clock.advance(31_000) }
        if (!taken) {
          expect(await handleMessage(world.message(text, { id, chat: id, sender: '2' }), world.journey)).toMatchObject({ kind: 'accepted' })
          await settle()
        }
        await world.crash()
        for (let pauses = 0; pauses < 3; pauses += 1) { await settle(); await world.clock.advance(31_000) }
        const row = await world.store.read.get<{ id: string; end_state: string; turn_id: string }>('SELECT * FROM inbox WHERE platform_id = ?', id)
        expect(['answered', 'failed'], `${id} ${row?.end_state}`).toContain(row?.end_state)
        expect(world.sent, id).toHaveLength(1)
        const kinds = (await world.store.read.all<{ kind: string }>("SELECT json_extract(body, '$.kind') AS kind FROM entries WHERE turn_id = ? ORDER BY seq", row?.turn_id ?? '')).map((each) => each.kind)
        expect(kinds.filter((kind) => kind === 'user'), id).toHaveLength(1)
        if (row?.end_state === 'answered') expect(kinds.filter((kind) => kind !== 'note'), id).toEqual(['user', 'assistant', 'tool-result', 'assistant'])
        expect(await world.store.read.all("SELECT id FROM turns WHERE state = 'running'"), id).toEqual([])
      }
    }
  })

  it('while the notices around an answer are read, the answer goes out without them', async () => {
    const read = world.sessions.transcript.lastAnswered
    world.sessions.transcript.lastAnswered = () => Promise.reject(new Error('disk gone'))
    world.agent = async function* (turn, view) { yield { type: 'model-start', model: 'b/other' }; yield* echo(turn, view) }
    await world.hear('hello')
    world.sessions.transcript.lastAnswered = read
    expect([world.texts(), await world.ends()]).toEqual([['You said: hello'], ['hello: answered']])
  })
})

describe('after a crash', () => {
  it('what was accepted is answered, once', async () => {
    world.agent = endless
    await world.hear('hello')
    world.agent = echo
    await world.crash()
    expect([world.texts(), await world.ends()]).toEqual([['You said: hello'], ['hello: answered']])
    await world.crash()
    expect(world.texts()).toHaveLength(1)
  })
  it('a finished tool call is not made again, also in a conversation that `/new` began', async () => {
    world.agent = async function* (turn) {
      await world.sessions.startCall(turn, { type: 'tool-call', id: 'c1' as ToolCallId, name: 't', input: {} }, async () => 'allow')
      await world.sessions.finishCall(turn, { role: 'tool', callId: 'c1' as ToolCallId, name: 't', isError: false, content: [{ type: 'text', text: 'done' }] }, { outcome: 'done' })
      yield* endless(turn, undefined as never)
    }
    await world.hear('/new do it')
    const before = (await world.sessions.get(main))?.id
    let unseen = true
    world.agent = async function* (turn, view) { unseen = !view.messages.some((each) => each.role === 'user'); yield* echo(turn, view) }
    await world.crash()
    expect((await world.sessions.get(main))?.id).toBe(before)
    expect(unseen).toBe(false)
    expect((await world.entries()).filter((kind) => kind === 'user')).toHaveLength(1)
  })
  it('a sender who was shut out meanwhile is not answered', async () => {
    world.access = {}
    await world.hear('let me in', { sender: '9' })
    const [request] = await world.guard.pending()
    await world.guard.approve('fake' as ChannelId, request?.code ?? '', { via: 'cli', principal: 'owner' as PrincipalId })
    world.agent = endless
    await world.hear('one', { sender: '9' })
    world.sent = []
    await world.store.transaction((tx) => tx.run('DELETE FROM identities'))
    world.agent = echo
    await world.crash()
    expect(world.runs).toHaveLength(1)
    expect((await world.ends()).at(-1)).toBe('one: denied')
    expect(await world.store.read.all("SELECT id FROM turns WHERE state = 'running'")).toEqual([])
  })
  it('one message that cannot be continued keeps no other from it, and is given up some day', async () => {
    world.agent = endless
    await world.hear('bad', { sender: '2', chat: '2' })
    await world.hear('good')
    world.agent = echo
    await world.store.transaction((tx) => tx.run("UPDATE inbox SET session_key = NULL, turn_id = NULL WHERE json_extract(message, '$.text') = 'bad'"))
    world.restart()
    const judge = world.guard.judgeMessage
    world.journey.guard.judgeMessage = (tx, of) => (of.text === 'bad' ? Promise.reject(new Error('poison')) : judge(tx, of))
    await resume(world.journey)
    await settle()
    expect(await world.ends()).toEqual(['bad: open', 'good: answered'])
    await world.clock.advance(givenUpAfterMs + 1)
    await world.store.transaction((tx) => tx.run('UPDATE inbox SET attempts = ? WHERE end_state IS NULL', startsMax))
    await resume(world.journey)
    await settle()
    expect(await world.ends()).toEqual(['bad: failed', 'good: answered'])
    expect(world.texts().at(-1)).toContain('I could not finish this')
  })
  it('long queues are taken up in their order', async () => {
    world.queueMode = 'followup'
    world.agent = endless
    const chats = ['1', '2', '3', '4', '5', '6', '7', '8']
    const words = Array.from({ length: 80 }, (_, at) => `word ${at}`)
    const chatOf = (at: number): string => chats[at % chats.length] ?? ''
    for (const [at, text] of words.entries()) await world.hear(text, { sender: '1', chat: chatOf(at), session: `agent:main:chat-${chatOf(at)}` })
    world.agent = echo
    world.sent = []
    await world.crash()
    for (let rounds = 0; rounds < 300 && world.sent.length < 80; rounds += 1) await settle()
    for (const chat of chats) {
      const heard = world.sent.filter((each) => each.chat === chat).flatMap(({ text }) => text.match(/word \d+/g) ?? [])
      expect(heard).toEqual(words.filter((_, at) => chatOf(at) === chat))
    }
  })
  it('a preview whose turn is over is taken back', async () => {
    await world.hear('hello')
    const turn = await world.store.read.get<{ id: string }>('SELECT id FROM turns')
    await world.store.transaction((tx) => tx.run("UPDATE deliveries SET draft = 1, settled_at = NULL, state = 'sending' WHERE turn_id = ?", turn?.id ?? ''))
    await world.crash()
    expect((await world.outbox.counts()).waiting).toBe(0)
  })
})

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import Value from 'typebox/value'
import {
  Problem, noUsage, type AccountId, type AgentEvent, type AgentId, type AssistantMessage, type Channel, type ChannelId, type ChatRef, type Connection, type ConfigView, type IncomingMessage, type NewId,
  type PlatformMessageId, type PrincipalId, type SenderId, type SessionKey, type Store, type ToolCallId, type TurnOutcome, type TurnView, type Tx,
} from '@moltbot/contract'
import { FakeClock, countingIds, memoryLogger } from '@moltbot/contract/testing'
import { auditMigrations, createAudit } from '../foundation/audit/index.ts'
import { openStore } from '../foundation/storage/index.ts'
import { chatCommands, parseCommand, type CommandNeeds } from './commands/index.ts'
import { channelDefaultsSection, commandsSection, createGuard, guardApprovalsMigration, guardMigration, guardPeopleMigration, peopleSection } from './guard/index.ts'
import { answerTurn, givenUpAfterMs, handleMessage, resume, settleDelivery, startsMax, type Journey } from './handle-message.ts'
import { createInbox, inboxMigration, inboxThreadMigration } from './inbox/index.ts'
import { createOutbox, migrations as outboxMigrations } from './outbox/index.ts'
import { createSessions, messagesSection, migrations as sessionMigrations, sessionSection, type Turn } from './sessions/index.ts'
import { createWhy } from './why.ts'

/** The rooms themselves on a store in memory; the network, the model and the clock belong to the test. */
type Agent = (turn: Turn, view: TurnView) => AsyncGenerator<AgentEvent, void, undefined>

const settle = async (): Promise<void> => { for (let turns = 0; turns < 12; turns += 1) await new Promise((resolve) => setImmediate(resolve)) }
const said = (text: string): Extract<AgentEvent, { type: 'assistant-end' }> => ({ type: 'assistant-end', message: { role: 'assistant', model: 'm', content: [{ type: 'text', text }] } as AssistantMessage, usage: noUsage, stop: 'end', model: 'm' })
const end = (outcome: TurnOutcome): AgentEvent => ({ type: 'turn-end', outcome })
const lastWords = (view: TurnView): string => view.messages.at(-1)?.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(' ') ?? ''
const echo: Agent = async function* (_turn, view) {
  const text = `You said: ${lastWords(view)}`
  yield said(text)
  yield end({ kind: 'answered', text })
}
/** Runs until it is stopped. */
const endless: Agent = async function* (turn) {
  if (!turn.signal.aborted) await new Promise<void>((resolve) => turn.signal.addEventListener('abort', () => resolve(), { once: true }))
  yield end({ kind: 'aborted', reason: turn.signal.reason as 'stop', text: '' })
}

let base: Store
let clock: FakeClock
let newId: NewId
let log: ReturnType<typeof memoryLogger>
let sent: { chat: string; text: string }[]
let agent: Agent
let runs: string[]
let access: Record<string, unknown>
let owners: string[]
let queueMode: string | undefined
/** Called before each statement of a transaction; what it throws the store throws. */
let strike: (query: string) => void
/** Called before each commit. */
let strikeCommit: () => void
let world: ReturnType<typeof build>

/** A store that fails where the test wants it to: at a statement, or when everything else went well. */
function fragile(alive: () => boolean): Store {
  return {
    ...base,
    transaction: (work) => (!alive() ? new Promise(() => undefined) : base.transaction(async (tx) => {
      const struck = <T>(query: string, run: () => Promise<T>): Promise<T> => { strike(query); return run() }
      const value = await work({
        all: (query, ...values) => struck(query, () => tx.all(query, ...values)), get: (query, ...values) => struck(query, () => tx.get(query, ...values)),
        run: (query, ...values) => struck(query, () => tx.run(query, ...values)), afterCommit: tx.afterCommit, afterWrite: tx.afterWrite,
      } as Tx)
      strikeCommit()
      return value
    })),
  }
}

/** The rooms of one life of a gateway, put together as the process does it. */
function build() {
  let alive = true
  const store = fragile(() => alive)
  const config = {
    get(section: { path: string; schema: never }) {
      if (section.path === commandsSection.path) return { text: true, ownerAllowFrom: owners }
      const values = Value.Default(section.schema, {}) as Record<string, Record<string, unknown>>
      if (section.path === messagesSection.path) return { ...values, queue: { ...values['queue'], ...(queueMode === undefined ? {} : { mode: queueMode }), debounceMs: 0, byChannel: {} }, groupChat: { mentionPatterns: [], historyLimit: 50 } }
      if (section.path === sessionSection.path || section.path === channelDefaultsSection.path || section.path === peopleSection.path) return values
      throw new Error(section.path)
    },
  } as unknown as ConfigView
  const channels = [{ id: 'fake', senders: 'platform' }, { id: 'web', senders: 'authenticated' }] as unknown as Channel[]
  const connection: Connection = {
    limits: { textLengthMax: 4_000, nonce: false },
    async send(chat, message) {
      if (!alive) return new Promise(() => undefined)
      sent.push({ chat: chat.chat, text: message.markdown })
      return `m${sent.length}` as PlatformMessageId
    },
    async close() {},
  }
  const audit = createAudit({ store, clock, newId, key: Buffer.alloc(32, 1) })
  const inbox = createInbox({ store, clock, newId })
  const guard = createGuard({
    store, clock, newId, log, config, audit, channels, accountConfig: () => access, mentionPatterns: () => [],
    isCommand: (text) => parseCommand(text, chatCommands, () => undefined).kind === 'command', activation: async () => undefined,
  })
  const outbox = createOutbox({
    store, clock, newId, log, connections: { of: () => connection, onUp: () => () => undefined } as never, random: () => 0.5, streaming: () => false, holds: () => false,
    files: { folder: '', stay: () => false }, label: () => 'Fake',
    settled: (tx, delivery, all) => settleDelivery(tx, delivery, all, { inbox, sessions }),
  })
  const sessions = createSessions({
    store, clock, newId, log, config,
    needs: {
      assign: inbox.assign, endMessage: (tx, id, state, detail) => inbox.end(tx, id, state, detail), backlog: inbox.backlog, platformIds: async () => [], ofClient: (id, { principal }) => inbox.ofClient(id, { channels: channels.map((channel) => channel.id), sender: principal }),
      agentFor: () => 'main' as AgentId, defaultAgent: () => 'main' as AgentId,
      agent: (id: AgentId) => {
        if (id !== 'main') throw new Problem('agent-unknown', `There is no agent called ${id}.`)
        return { thinking: 'off', timeoutMs: 60_000, concurrent: 4 }
      },
      prompt: async () => ({ text: 'system', hash: 'h' }), models: () => ({ candidates: ['a/m'], strict: false, contextWindow: 1_000, maxOutputTokens: 100 }),
      estimateTokens: (text: string) => text.length, principal: guard.principal, spent: async () => undefined, forget: async () => undefined,
      refuse: async (tx, waiting, reason) => { await outbox.reply(tx, { inbox: waiting.inbox, chat: waiting.message.chat, principal: waiting.principal.id }, reason, 'refused') },
      answer: (turn) => (alive ? answerTurn(turn, journey) : new Promise(() => undefined)),
      readFiles: () => undefined,
      compact: (view, focus, signal) => compacting(view, focus, signal),
    } as Parameters<typeof createSessions>[0]['needs'],
  })
  const commandNeeds = {
    status: async () => ({}), session: sessions.get, patch: sessions.patch, reset: (key: SessionKey, principal: { id: PrincipalId }) => sessions.reset(key, principal.id),
    async stop(key: SessionKey) {
      const waiting = sessions.waitingCount(key)
      return { turns: (await sessions.abort(key, { reason: 'stop' })).length, waiting, calls: [] }
    },
    compact: sessions.compact, queueMode: sessions.queueMode, models: { list: async () => [], current: () => ({ primary: 'a/m', why: 'test' }), resolve: () => undefined },
    pairing: { pending: () => guard.pending(), approve: guard.approve, reject: guard.reject },
    why: (id: string) => why(id), lastMessage: (message: IncomingMessage) => inbox.before(message),
  } as unknown as CommandNeeds
  const journey: Journey = {
    asPartOf: (_, work) => work(),
    store, log, audit, inbox, guard, sessions, outbox, now: () => clock.now(), costUsd: () => 0.0123,
    commands: { all: chatCommands, parse: (text) => parseCommand(text, chatCommands, () => undefined), needs: commandNeeds },
    keepSecrets: async () => ({ sentence: 'a key was removed' }),
    heldNote: async () => undefined, heldCommands: () => undefined,
    listening: { may: () => false, listen: async (message) => message },
    planAnswer: async () => ({ quiet: false, plain: (words) => words, speak: async (words) => ({ words, release: async () => undefined }) }),
    runAgent(turn, view) {
      runs.push(lastWords(view))
      return agent(turn, view)
    },
  }
  const why = createWhy({ inbox, sessions, outbox, audit, store })
  return { journey, inbox, guard, sessions, outbox, audit, why, die() { alive = false } }
}
let compacting: (view: TurnView, focus: string | undefined, signal: AbortSignal) => Promise<never>

/** The gateway is gone in this instant; the next one finds what was committed. */
async function crash(): Promise<void> {
  world.die()
  strike = () => undefined
  strikeCommit = () => undefined
  world = build()
  await resume(world.journey)
  await settle()
}

let count = 0
const message = (text: string, more: { id?: string; sender?: string; chat?: string; channel?: string; kind?: ChatRef['kind']; session?: string; mentioned?: string; sentAt?: number } = {}): IncomingMessage => ({
  id: more.id ?? `p${(count += 1)}`, chat: { channel: more.channel ?? 'fake', account: 'default', chat: more.chat ?? more.sender ?? '1', kind: more.kind ?? 'direct' }, sender: { id: more.sender ?? '1' },
  sentAt: more.sentAt ?? clock.now(), text, attachments: [], mentioned: more.mentioned ?? 'yes', ...(more.session === undefined ? {} : { session: more.session }),
}) as unknown as IncomingMessage
const hear = async (text: string, more: Parameters<typeof message>[1] = {}) => {
  const receipt = await handleMessage(message(text, more), world.journey)
  await settle()
  return receipt
}
const ends = async (): Promise<string[]> => (await base.read.all<{ text: string; end_state: string | null; end_detail: string | null }>(
  "SELECT json_extract(message, '$.text') AS text, end_state, end_detail FROM inbox ORDER BY rowid",
)).map((row) => `${row.text}: ${row.end_state ?? 'open'}`)
const entries = async (): Promise<string[]> => (await base.read.all<{ kind: string }>("SELECT json_extract(body, '$.kind') AS kind FROM entries ORDER BY session_id, seq")).map((row) => row.kind)
const texts = (): string[] => sent.map((each) => each.text)
const main = 'agent:main:main' as SessionKey

beforeEach(async () => {
  clock = new FakeClock()
  newId = ((next) => (prefix) => `${prefix}-${String(next('')).padStart(8, '0')}`)(countingIds())
  log = memoryLogger()
  sent = []
  runs = []
  agent = echo
  access = { allowFrom: ['2'], groups: { g: {} }, groupAllowFrom: ['2'] }
  owners = ['fake:1']
  queueMode = undefined
  strike = () => undefined
  strikeCommit = () => undefined
  compacting = async () => ({ reason: 'nothing' }) as never
  base = await openStore({ file: ':memory:', migrations: [...auditMigrations, guardMigration, guardPeopleMigration, guardApprovalsMigration, inboxMigration, inboxThreadMigration, ...outboxMigrations, ...sessionMigrations] })
  world = build()
})
afterEach(async () => {
  await settle()
  await base.close()
})

describe('a message', () => {
  it('is answered', async () => {
    expect(await hear('hello')).toMatchObject({ kind: 'accepted' })
    expect(texts()).toEqual(['You said: hello'])
    expect(await ends()).toEqual(['hello: answered'])
  })
  it('that comes again is known, and answered once', async () => {
    const first = await hear('hello', { id: 'x' })
    expect(await hear('hello', { id: 'x' })).toEqual({ ...first, kind: 'duplicate' })
    expect(texts()).toHaveLength(1)
  })
  it('of a stranger gets one invitation and never reaches the model', async () => {
    await hear('let me in', { sender: '9' })
    await hear('hello?', { sender: '9' })
    expect(texts()).toHaveLength(1)
    expect(texts()[0]).toMatch(/\*\*[A-Z2-9]{8}\*\*/)
    expect(runs).toEqual([])
    expect(await ends()).toEqual(['let me in: denied', 'hello?: denied'])
  })
  it('of someone who is not let in gets no word', async () => {
    access = { dmPolicy: 'allowlist' }
    await hear('hello', { sender: '9' })
    expect([texts(), await ends()]).toEqual([[], ['hello: denied']])
  })
  it('too large is refused and stands in the record', async () => {
    expect(await hear('x'.repeat(200_001))).toMatchObject({ kind: 'refused' })
    expect(await ends()).toEqual([])
    expect(await world.audit.about('fake:1')).toMatchObject([{ act: 'message.refused' }])
  })
  it('that the assistant answers with silence ends silent', async () => {
    agent = async function* () { yield end({ kind: 'silent' }) }
    await hear('hello')
    expect([texts(), await ends()]).toEqual([[], ['hello: silent']])
  })
  it('whose work fails is told so, and ends as failed', async () => {
    agent = async function* () { yield end({ kind: 'failed', text: '', fault: { class: 'auth', message: 'The key was refused.' } }) }
    await hear('hello')
    expect(texts()[0]).toContain('I could not finish: The key was refused. The owner can set a new key')
    expect(await ends()).toEqual(['hello: failed'])
  })
  it('whose work breaks off, or ends without an outcome, is told so too', async () => {
    agent = async function* () { yield { type: 'turn-start' }; throw new Error('boom') }
    await hear('one')
    agent = async function* () { yield said('half') }
    await hear('two')
    expect(texts()[0]).toContain('boom')
    expect(texts()[1]).toContain('half')
    expect(await ends()).toEqual(['one: failed', 'two: failed'])
  })
  it('that waited long says that the answer is late', async () => {
    await hear('hello', { sentAt: clock.now() - 11 * 60_000 })
    expect(texts()[0]).toMatch(/^\*\(Late/)
  })
  it('for an agent that is no longer there fails in words, and others are answered', async () => {
    await hear('hello', { sender: 'owner', channel: 'web', session: 'agent:gone:main' })
    expect(texts()[0]).toContain('There is no agent called gone')
    await hear('and me')
    expect(texts()[1]).toBe('You said: and me')
  })
})

describe('a command', () => {
  it('is answered without the model and ends as a command', async () => {
    await hear('/whoami')
    expect(texts()[0]).toContain('You are the owner here.')
    expect([runs, await ends()]).toEqual([[], ['/whoami: command']])
  })
  it('that fails is told in words', async () => {
    await hear('/think sideways')
    expect(texts()[0]).toContain('is no thinking level')
  })
  it('of the owner is denied to a member', async () => {
    await hear('/pair', { sender: '2' })
    expect([texts(), await ends()]).toEqual([[], ['/pair: denied']])
  })
  it('is denied to a guest, while their plain words reach the assistant', async () => {
    access = { dmPolicy: 'open', allowFrom: ['*'] }
    await hear('/whoami', { sender: '9' })
    await hear('wait', { sender: '9' })
    expect(await ends()).toEqual(['/whoami: denied', 'wait: answered'])
  })
  it('`/new` with words starts afresh with them', async () => {
    await hear('first')
    const before = (await world.sessions.get(main))?.id
    await hear('/new second')
    expect(texts()[1]).toBe('You said: second')
    expect((await world.sessions.get(main))?.id).not.toBe(before)
    expect(await ends()).toEqual(['first: answered', '/new second: answered'])
  })
  it('`/why` alone tells of one\'s own last message, never of another\'s', async () => {
    await hear('my secret', { sender: '2', chat: 'g', kind: 'group' })
    await hear('/why', { sender: '1', chat: 'g', kind: 'group' })
    expect(texts()[1]).toBe('I know nothing about that.')
    await hear('mine', { sender: '1', chat: 'g', kind: 'group' })
    await hear('/why', { sender: '1', chat: 'g', kind: 'group' })
    expect(texts()[3]).toContain('from 1 on fake, group g: "mine"')
  })
})

describe('stopping', () => {
  it('ends what runs and lets what waits go, each with one end', async () => {
    agent = endless
    queueMode = 'followup'
    for (const text of ['one', 'two', 'three']) await hear(text)
    await hear('/stop')
    expect(texts()).toEqual(['Stopped; 2 waiting messages were let go.'])
    expect(await ends()).toEqual(['one: silent', 'two: silent', 'three: silent', '/stop: command'])
  })
  it('reaches a turn that is just being started, and resolves when it has ended', async () => {
    agent = endless
    await handleMessage(message('one'), world.journey)
    const stopped = await world.sessions.abort(main, { reason: 'stop' })
    expect(stopped).toHaveLength(1)
    await settle()
    expect(world.sessions.running()).toEqual([])
    expect(await ends()).toEqual(['one: silent'])
  })
  it('resolves also when the work does not listen: it is given up after its grace', async () => {
    agent = async function* () { yield { type: 'turn-start' }; await new Promise(() => undefined) }
    await hear('one')
    const stopping = world.sessions.abort(main, { reason: 'stop' })
    await clock.advance(10_000)
    expect(await stopping).toHaveLength(1)
    await settle()
    expect(await ends()).toEqual(['one: silent'])
  })
  it('stops what was steered too, also in the moment between taking and hearing it', async () => {
    let took: () => void = () => undefined
    const taken = new Promise<void>((resolve) => { took = resolve })
    agent = async function* (turn) {
      while (turn.takeSteering().length === 0) await new Promise((resolve) => setImmediate(resolve))
      took()
      yield* endless(turn, undefined as never)
    }
    await hear('one')
    await handleMessage(message('two'), world.journey)
    await taken
    await world.sessions.abort(main, { reason: 'stop' })
    await settle()
    expect(await ends()).toEqual(['one: silent', 'two: silent'])
    expect(runs).toHaveLength(1)
  })
  it('takes a message that came right behind it', async () => {
    agent = endless
    await hear('one')
    const stopping = world.sessions.abort(main, { reason: 'stop' })
    agent = echo
    await hear('two')
    await stopping
    await settle()
    expect(await ends()).toEqual(['one: silent', 'two: answered'])
  })
})

describe('a session', () => {
  it('that is reset while it works stops first, and what comes next starts afresh', async () => {
    agent = endless
    await hear('one')
    agent = echo
    await Promise.all([world.sessions.reset(main, 'owner' as PrincipalId), hear('two')])
    await settle()
    const views: string[][] = []
    agent = async function* (turn, view) { views.push(view.messages.map((each) => each.role)); yield* echo(turn, view) }
    await hear('three')
    expect((await ends()).map((each) => each.split(': ')[1])).not.toContain('open')
    expect(views[0]?.length).toBeLessThanOrEqual(3)
  })
  it('that is deleted while messages wait leaves none of them open, and no words behind', async () => {
    agent = endless
    queueMode = 'followup'
    for (const text of ['one', 'two']) await hear(text, { sender: '2' })
    const key = 'agent:main:fake:dm:2' as SessionKey
    expect(await world.sessions.delete(key, 'owner' as PrincipalId)).toBe(true)
    await settle()
    expect(await ends()).toEqual(['one: silent', 'two: silent'])
    expect(await entries()).toEqual([])
    expect(await world.sessions.delete(key, 'owner' as PrincipalId)).toBe(false)
  })
  it('deleted in the moment a turn starts keeps nothing either', async () => {
    agent = endless
    await handleMessage(message('one', { sender: '2' }), world.journey)
    await world.sessions.delete('agent:main:fake:dm:2' as SessionKey, 'owner' as PrincipalId)
    await settle()
    expect([await entries(), await ends()]).toEqual([[], ['one: silent']])
  })
  it('is not summarised while it works, nor twice at once', async () => {
    agent = endless
    await handleMessage(message('one'), world.journey)
    await world.sessions.abort(main, { reason: 'stop' })
    await hear('two')
    expect(await world.sessions.compact(main, undefined)).toMatchObject({ compacted: false, reason: expect.stringContaining('busy') })
    await world.sessions.abort(main, { reason: 'stop' })
    compacting = () => new Promise(() => undefined)
    void world.sessions.compact(main, undefined)
    expect(await world.sessions.compact(main, undefined)).toMatchObject({ compacted: false, reason: expect.stringContaining('already') })
  })
  it('loses no line to a summary that was made while more was said', async () => {
    for (const text of ['one', 'two', 'three']) await hear(text)
    compacting = async () => {
      await hear('meanwhile')
      await world.sessions.inject(main, 'injected', undefined)
      return { summary: 'SUMMARY', kept: 2, usage: noUsage } as never
    }
    expect(await world.sessions.compact(main, undefined)).toEqual({ compacted: true })
    let seen: string[] = []
    agent = async function* (turn, view) { seen = view.messages.map((each) => each.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(' ')); yield* echo(turn, view) }
    await hear('after')
    expect(seen[0]).toContain('SUMMARY')
    expect(seen.slice(1)).toEqual(['three', 'You said: three', 'meanwhile', 'You said: meanwhile', 'injected', 'after'])
  })
  it('started afresh meanwhile gets no summary of what is gone', async () => {
    await hear('one')
    compacting = async () => {
      await world.sessions.reset(main, 'owner' as PrincipalId)
      return { summary: 'SUMMARY', kept: 0, usage: noUsage } as never
    }
    expect(await world.sessions.compact(main, undefined)).toMatchObject({ compacted: false })
    expect(await entries()).not.toContain('summary')
  })
  it('is one for nobody but its own: two people in one group share no turn', async () => {
    agent = endless
    await hear('mine', { sender: '1', chat: 'g', kind: 'group' })
    await hear('theirs', { sender: '2', chat: 'g', kind: 'group' })
    expect(runs).toHaveLength(1)
    agent = echo
    await world.sessions.abort('agent:main:fake:group:g' as SessionKey, { turn: world.sessions.running()[0]?.id as never, reason: 'stop' })
    await settle()
    expect(runs[1]).toContain('theirs')
    expect(runs[1]).not.toContain('mine')
  })
})

describe('when the store fails', () => {
  it('DUR-01: before a message is durable it is not acknowledged, nothing is done, and it is taken when it comes again', async () => {
    for (const statement of [/INTO inbox_seen/, /INTO inbox \(/, /UPDATE inbox/, /INTO sessions/, /FROM identities/]) {
      let hit = false
      strike = (query) => { if (!hit && statement.test(query)) { hit = true; throw new Error('disk full') } }
      const id = `x${String(statement)}`
      await expect(hear('hello', { id, sender: '2', chat: id })).rejects.toThrow('disk full')
      expect(sent).toEqual([])
      expect(await ends()).toEqual([])
    }
    strikeCommit = () => { strikeCommit = () => undefined; throw new Error('disk full') }
    await expect(hear('hello', { id: 'y', sender: '2' })).rejects.toThrow('disk full')
    await hear('hello', { id: 'y', sender: '2' })
    expect(texts()).toEqual(['You said: hello'])
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
        agent = withTool
        sent = []
        let commits = 0
        strikeCommit = () => { commits += 1; if (how === 'once' ? commits === nth : commits >= nth) throw new Error('disk full') }
        const id = `${how}-${nth}`
        const text = `words ${id}`
        const taken = await handleMessage(message(text, { id, chat: id, sender: '2' }), world.journey).then(() => true, () => false)
        for (let pauses = 0; pauses < 6; pauses += 1) { await settle(); await clock.advance(1_000) }
        strikeCommit = () => undefined
        for (let pauses = 0; pauses < 6; pauses += 1) { await settle(); await clock.advance(31_000) }
        if (!taken) {
          expect(await handleMessage(message(text, { id, chat: id, sender: '2' }), world.journey)).toMatchObject({ kind: 'accepted' })
          await settle()
        }
        await crash()
        for (let pauses = 0; pauses < 3; pauses += 1) { await settle(); await clock.advance(31_000) }
        const row = await base.read.get<{ id: string; end_state: string; turn_id: string }>('SELECT * FROM inbox WHERE platform_id = ?', id)
        expect(['answered', 'failed'], `${id} ${row?.end_state}`).toContain(row?.end_state)
        expect(sent, id).toHaveLength(1)
        const kinds = (await base.read.all<{ kind: string }>("SELECT json_extract(body, '$.kind') AS kind FROM entries WHERE turn_id = ? ORDER BY seq", row?.turn_id ?? '')).map((each) => each.kind)
        expect(kinds.filter((kind) => kind === 'user'), id).toHaveLength(1)
        if (row?.end_state === 'answered') expect(kinds.filter((kind) => kind !== 'note'), id).toEqual(['user', 'assistant', 'tool-result', 'assistant'])
        expect(await base.read.all("SELECT id FROM turns WHERE state = 'running'"), id).toEqual([])
      }
    }
  }, 60_000)

  it('while the notices around an answer are read, the answer goes out without them', async () => {
    const read = world.sessions.transcript.lastAnswered
    world.sessions.transcript.lastAnswered = () => Promise.reject(new Error('disk gone'))
    agent = async function* (turn, view) { yield { type: 'model-start', model: 'b/other' }; yield* echo(turn, view) }
    await hear('hello')
    world.sessions.transcript.lastAnswered = read
    expect([texts(), await ends()]).toEqual([['You said: hello'], ['hello: answered']])
  })
})

describe('after a crash', () => {
  it('what was accepted is answered, once', async () => {
    agent = endless
    await hear('hello')
    agent = echo
    await crash()
    expect([texts(), await ends()]).toEqual([['You said: hello'], ['hello: answered']])
    await crash()
    expect(texts()).toHaveLength(1)
  })
  it('a finished tool call is not made again, also in a conversation that `/new` began', async () => {
    agent = async function* (turn) {
      await world.sessions.startCall(turn, { type: 'tool-call', id: 'c1' as ToolCallId, name: 't', input: {} }, async () => 'allow')
      await world.sessions.finishCall(turn, { role: 'tool', callId: 'c1' as ToolCallId, name: 't', isError: false, content: [{ type: 'text', text: 'done' }] }, { outcome: 'done' })
      yield* endless(turn, undefined as never)
    }
    await hear('/new do it')
    const before = (await world.sessions.get(main))?.id
    let unseen = true
    agent = async function* (turn, view) { unseen = !view.messages.some((each) => each.role === 'user'); yield* echo(turn, view) }
    await crash()
    expect((await world.sessions.get(main))?.id).toBe(before)
    expect(unseen).toBe(false)
    expect((await entries()).filter((kind) => kind === 'user')).toHaveLength(1)
  })
  it('a sender who was shut out meanwhile is not answered', async () => {
    access = {}
    await hear('let me in', { sender: '9' })
    const [request] = await world.guard.pending()
    await world.guard.approve('fake' as ChannelId, request?.code ?? '', { via: 'cli', principal: 'owner' as PrincipalId })
    agent = endless
    await hear('one', { sender: '9' })
    sent = []
    await base.transaction((tx) => tx.run('DELETE FROM identities'))
    agent = echo
    await crash()
    expect(runs).toHaveLength(1)
    expect((await ends()).at(-1)).toBe('one: denied')
    expect(await base.read.all("SELECT id FROM turns WHERE state = 'running'")).toEqual([])
  })
  it('one message that cannot be continued keeps no other from it, and is given up some day', async () => {
    agent = endless
    await hear('bad', { sender: '2', chat: '2' })
    await hear('good')
    agent = echo
    await base.transaction((tx) => tx.run("UPDATE inbox SET session_key = NULL, turn_id = NULL WHERE json_extract(message, '$.text') = 'bad'"))
    world.die()
    world = build()
    const judge = world.guard.judgeMessage
    world.journey.guard.judgeMessage = (tx, of) => (of.text === 'bad' ? Promise.reject(new Error('poison')) : judge(tx, of))
    await resume(world.journey)
    await settle()
    expect(await ends()).toEqual(['bad: open', 'good: answered'])
    await clock.advance(givenUpAfterMs + 1)
    await base.transaction((tx) => tx.run('UPDATE inbox SET attempts = ? WHERE end_state IS NULL', startsMax))
    await resume(world.journey)
    await settle()
    expect(await ends()).toEqual(['bad: failed', 'good: answered'])
    expect(texts().at(-1)).toContain('I could not finish this')
  })
  it('a preview whose turn is over is taken back', async () => {
    await hear('hello')
    const turn = await base.read.get<{ id: string }>('SELECT id FROM turns')
    await base.transaction((tx) => tx.run("UPDATE deliveries SET draft = 1, settled_at = NULL, state = 'sending' WHERE turn_id = ?", turn?.id ?? ''))
    await crash()
    expect((await world.outbox.counts()).waiting).toBe(0)
  })
})

describe('shutting someone out', () => {
  it('ends what they have running and waiting, and nobody else\'s', async () => {
    access = {}
    await hear('let me in', { sender: '9' })
    const [request] = await world.guard.pending()
    await world.guard.approve('fake' as ChannelId, request?.code ?? '', { via: 'cli', principal: 'owner' as PrincipalId })
    await crash()
    queueMode = 'followup'
    agent = endless
    for (const text of ['one', 'two']) await hear(text, { sender: '9' })
    await hear('mine')
    await world.guard.revoke('fake' as ChannelId, 'default' as AccountId, '9' as SenderId, { via: 'cli', principal: 'owner' as PrincipalId })
    await settle()
    expect((await ends()).slice(1)).toEqual(['one: silent', 'two: silent', 'mine: open'])
    expect(world.sessions.running().map((each) => each.key)).toEqual([main])
  })
})

describe('why', () => {
  it('tells the whole way of a message, by its own id, the network\'s, the turn\'s or the delivery\'s', async () => {
    await hear('hello', { id: 'net-1' })
    const row = await base.read.get<{ id: string; turn_id: string }>('SELECT id, turn_id FROM inbox')
    const delivery = await base.read.get<{ id: string }>('SELECT id FROM deliveries')
    const told = await world.why(row?.id ?? '')
    expect(told?.lines.join('\n')).toMatch(/accepted from 1 on fake, direct 1: "hello"[\s\S]*speaks as owner, in agent:main:main[\s\S]*turn ended: answered[\s\S]*sent as m1\nend: answered/)
    for (const id of ['net-1', row?.turn_id ?? '', delivery?.id ?? '']) expect((await world.why(id))?.lines).toEqual(told?.lines)
  })
  it('tells why someone was not answered, of deliveries without a message, and of nothing', async () => {
    access = { dmPolicy: 'allowlist' }
    await hear('hello', { id: 'net-2', sender: '9' })
    expect((await world.why('net-2'))?.lines.join('\n')).toMatch(/judged: deny \(not in allowFrom[\s\S]*end: denied/)
    const sentOut = await world.outbox.send({ chat: message('').chat, markdown: 'by hand', principal: 'owner' as PrincipalId })
    expect((await world.why(sentOut.id))?.lines[1]).toContain('sent as m1')
    expect(await world.why('nothing-like-it')).toBeUndefined()
    await expect(world.why('x')).rejects.toMatchObject({ code: 'id-too-short' })
  })
  it('says how many others a word could mean', async () => {
    await hear('one', { id: 'same', chat: 'a' })
    await hear('two', { id: 'same', chat: 'b' })
    expect((await world.why('same'))?.lines.at(-1)).toContain('1 more message matches')
  })
})

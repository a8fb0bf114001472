import Value from 'typebox/value'
import {
  Problem, noUsage, type AgentEvent, type AgentId, type AssistantMessage, type Channel, type ChatRef, type Connection, type ConfigView, type IncomingMessage, type NewId, type PlatformMessageId,
  type PrincipalId, type SessionKey, type Store, type TurnOutcome, type TurnView, type Tx,
} from '@moltbot/contract'
import { FakeClock, countingIds, memoryLogger } from '@moltbot/contract/testing'
import { auditMigrations, createAudit } from '../../foundation/audit/index.ts'
import { openStore } from '../../foundation/storage/index.ts'
import { chatCommands, parseCommand, type CommandNeeds } from '../commands/index.ts'
import { channelDefaultsSection, commandsSection, createGuard, guardApprovalsMigration, guardMigration, guardPeopleMigration, peopleSection } from '../guard/index.ts'
import { answerTurn, handleMessage, resume, settleDelivery, type Journey } from '../handle-message.ts'
import { createInbox, inboxMigration, inboxThreadMigration } from '../inbox/index.ts'
import { createOutbox, migrations as outboxMigrations } from '../outbox/index.ts'
import { createSessions, messagesSection, migrations as sessionMigrations, sessionSection, type Turn } from '../sessions/index.ts'
import { createSigns, statusReactionsSection, type SignsOptions } from '../signs/index.ts'
import { createWhy } from '../why.ts'

export type Agent = (turn: Turn, view: TurnView) => AsyncGenerator<AgentEvent, void, undefined>

export const settle = async (): Promise<void> => { for (let turns = 0; turns < 12; turns += 1) await new Promise((resolve) => setImmediate(resolve)) }
export const said = (text: string): Extract<AgentEvent, { type: 'assistant-end' }> => ({ type: 'assistant-end', message: { role: 'assistant', model: 'm', content: [{ type: 'text', text }] } as AssistantMessage, usage: noUsage, stop: 'end', model: 'm' })
export const end = (outcome: TurnOutcome): AgentEvent => ({ type: 'turn-end', outcome })
export const main = 'agent:main:main' as SessionKey
const lastWords = (view: TurnView): string => view.messages.at(-1)?.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(' ') ?? ''

export const echo: Agent = async function* (_turn, view) {
  const text = `You said: ${lastWords(view)}`
  yield said(text)
  yield end({ kind: 'answered', text })
}
/** Runs until it is stopped. */
export const endless: Agent = async function* (turn) {
  if (!turn.signal.aborted) await new Promise<void>((resolve) => turn.signal.addEventListener('abort', () => resolve(), { once: true }))
  yield end({ kind: 'aborted', reason: turn.signal.reason as 'stop', text: '' })
}

/** The rooms of the journey on a store in memory, put together as the process does it; the network, the model and the clock belong to the test. */
export class RouteWorld {
  readonly store: Store
  readonly clock: FakeClock = new FakeClock()
  readonly newId: NewId = ((next) => (prefix: string) => `${prefix}-${String(next('')).padStart(8, '0')}`)(countingIds())
  readonly log: ReturnType<typeof memoryLogger> = memoryLogger()
  sent: { chat: string; text: string }[] = []
  /** The reactions the network was asked for, in order: `chat/message emoji`. */
  reactions: string[] = []
  ack: ReturnType<SignsOptions['ack']> = { scope: 'group-mentions', removeAfterReply: false }
  agent: Agent = echo
  runs: string[] = []
  access: Record<string, unknown> = { allowFrom: ['2'], groups: { g: {} }, groupAllowFrom: ['2'] }
  queueMode: string | undefined
  /** Called before each statement of a transaction; what it throws the store throws. */
  strike: (query: string) => void = () => undefined
  /** Called before each commit. */
  strikeCommit: () => void = () => undefined
  compacting: (view: TurnView, focus: string | undefined, signal: AbortSignal) => Promise<never> = async () => ({ reason: 'nothing' }) as never
  #life: Life
  #count = 0

  static async open(): Promise<RouteWorld> {
    return new RouteWorld(await openStore({ file: ':memory:', migrations: [...auditMigrations, guardMigration, guardPeopleMigration, guardApprovalsMigration, inboxMigration, inboxThreadMigration, ...outboxMigrations, ...sessionMigrations] }))
  }

  private constructor(store: Store) {
    this.store = store
    this.#life = live(this)
  }

  get journey(): Life['journey'] { return this.#life.journey }
  get guard(): Life['guard'] { return this.#life.guard }
  get sessions(): Life['sessions'] { return this.#life.sessions }
  get outbox(): Life['outbox'] { return this.#life.outbox }
  get audit(): Life['audit'] { return this.#life.audit }
  get why(): Life['why'] { return this.#life.why }

  /** The gateway is gone in this instant; another one stands on what was committed, and has not begun yet. */
  restart(): void {
    this.#life.die()
    this.#life = live(this)
  }

  /** The same, and the next one has begun. */
  async crash(): Promise<void> {
    this.strike = () => undefined
    this.strikeCommit = () => undefined
    this.restart()
    await resume(this.journey)
    await settle()
  }

  message(text: string, more: { id?: string; sender?: string; chat?: string; channel?: string; kind?: ChatRef['kind']; session?: string; mentioned?: string; sentAt?: number } = {}): IncomingMessage {
    return {
      id: more.id ?? `p${(this.#count += 1)}`, chat: { channel: more.channel ?? 'fake', account: 'default', chat: more.chat ?? more.sender ?? '1', kind: more.kind ?? 'direct' }, sender: { id: more.sender ?? '1' },
      sentAt: more.sentAt ?? this.clock.now(), text, attachments: [], mentioned: more.mentioned ?? 'yes', ...(more.session === undefined ? {} : { session: more.session }),
    } as unknown as IncomingMessage
  }

  async hear(text: string, more: Parameters<RouteWorld['message']>[1] = {}): ReturnType<typeof handleMessage> {
    const receipt = await handleMessage(this.message(text, more), this.journey)
    await settle()
    return receipt
  }

  /** Of every message: its words and how it ended. */
  async ends(): Promise<string[]> {
    const rows = await this.store.read.all<{ text: string; end_state: string | null }>("SELECT json_extract(message, '$.text') AS text, end_state FROM inbox ORDER BY rowid")
    return rows.map((row) => `${row.text}: ${row.end_state ?? 'open'}`)
  }

  /** The kinds of all lines of all transcripts. */
  async entries(): Promise<string[]> {
    return (await this.store.read.all<{ kind: string }>("SELECT json_extract(body, '$.kind') AS kind FROM entries ORDER BY session_id, seq")).map((row) => row.kind)
  }

  texts(): string[] {
    return this.sent.map((each) => each.text)
  }

  async close(): Promise<void> {
    await settle()
    await this.store.close()
  }
}

/** A store that fails where the test wants it to: at a statement, or when everything else went well. */
function fragile(world: RouteWorld, alive: () => boolean): Store {
  return {
    ...world.store,
    transaction: (work) => (!alive() ? new Promise(() => undefined) : world.store.transaction(async (tx) => {
      const struck = <T>(query: string, run: () => Promise<T>): Promise<T> => { world.strike(query); return run() }
      const value = await work({
        all: (query, ...values) => struck(query, () => tx.all(query, ...values)), get: (query, ...values) => struck(query, () => tx.get(query, ...values)),
        run: (query, ...values) => struck(query, () => tx.run(query, ...values)), afterCommit: tx.afterCommit, afterWrite: tx.afterWrite,
      } as Tx)
      world.strikeCommit()
      return value
    })),
  }
}

type Life = ReturnType<typeof live>

/** The rooms of one life of a gateway. */
function live(world: RouteWorld) {
  let alive = true
  const { clock, newId, log } = world
  const store = fragile(world, () => alive)
  const config = {
    get(section: { path: string; schema: never }) {
      if (section.path === commandsSection.path) return { text: true, ownerAllowFrom: ['fake:1'] }
      const values = Value.Default(section.schema, {}) as Record<string, Record<string, unknown>>
      if (section.path === messagesSection.path) return { ...values, queue: { ...values['queue'], ...(world.queueMode === undefined ? {} : { mode: world.queueMode }), debounceMs: 0, byChannel: {} }, groupChat: { mentionPatterns: [], historyLimit: 50 } }
      if (section.path === sessionSection.path || section.path === channelDefaultsSection.path || section.path === peopleSection.path) return values
      throw new Error(section.path)
    },
  } as unknown as ConfigView
  const channels = [{ id: 'fake', senders: 'platform' }, { id: 'web', senders: 'authenticated' }] as unknown as Channel[]
  const connection: Connection = {
    limits: { textLengthMax: 4_000, nonce: false },
    async send(chat, message) {
      if (!alive) return new Promise(() => undefined)
      world.sent.push({ chat: chat.chat, text: message.markdown })
      return `m${world.sent.length}` as PlatformMessageId
    },
    async react({ chat }, message, emoji) {
      if (alive) world.reactions.push(`${chat}/${message} ${emoji}`)
    },
    async close() {},
  }
  const audit = createAudit({ store, clock, newId, key: Buffer.alloc(32, 1) })
  const inbox = createInbox({ store, clock, newId })
  const guard = createGuard({
    store, clock, newId, log, config, audit, channels, accountConfig: () => world.access, mentionPatterns: () => [],
    isCommand: (text) => parseCommand(text, chatCommands, () => undefined).kind === 'command', activation: async () => undefined,
  })
  const connections = { of: () => connection, onUp: () => () => undefined, status: () => [] }
  const outbox = createOutbox({
    store, clock, newId, log, connections: connections as never, random: () => 0.5, streaming: () => false, holds: () => false,
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
      compact: (view, focus, signal) => world.compacting(view, focus, signal),
    } as Parameters<typeof createSessions>[0]['needs'],
  })
  const signs = createSigns({
    clock, log, connections, ack: () => world.ack, ackOf: () => undefined, status: () => Value.Default(statusReactionsSection.schema, {}) as never, typing: () => ({}), emojiOf: () => null,
    addressed: ({ mentioned }) => mentioned === 'yes', ofTurn: (turn) => inbox.ofTurn(store.read, turn),
  })
  inbox.onEnd((row) => signs.ended(row))
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
    store, log, audit, inbox, guard, sessions, outbox, signs, now: () => clock.now(), costUsd: () => 0.0123,
    commands: { all: chatCommands, parse: (text) => parseCommand(text, chatCommands, () => undefined), needs: commandNeeds },
    keepSecrets: async () => ({ sentence: 'a key was removed' }),
    heldNote: async () => undefined, heldCommands: () => undefined,
    listening: { may: () => false, listen: async (message) => message },
    planAnswer: async () => ({ quiet: false, plain: (words) => words, speak: async (words) => ({ words, release: async () => undefined }) }),
    runAgent(turn, view) {
      world.runs.push(lastWords(view))
      return world.agent(turn, view)
    },
  }
  const why = createWhy({ inbox, sessions, outbox, audit, store })
  return { journey, inbox, guard, sessions, outbox, audit, why, die() { alive = false } }
}

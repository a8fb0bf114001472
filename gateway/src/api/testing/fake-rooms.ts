import { mainAgent, noUsage, ownerPrincipal, Problem } from '@moltbot/contract'
import type {
  Action, ChannelId, ChatId, ChatRef, Clock, Door, EntryBody, EntryId, IncomingMessage, InboxId, OutgoingMessage, PlatformMessageId, Principal, PrincipalId, Receipt,
  SessionId, SessionKey, Store, TurnId, TurnOutcome, Verdict,
} from '@moltbot/contract'
import { countingIds, memoryLogger, realClock } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { openStore } from '../../foundation/storage/index.ts'
import type { AuditEntry } from '../../foundation/audit/types.ts'
import type { ConfigSnapshot } from '../../foundation/config/types.ts'
import type { ConnectionStatus, LoginAttempt } from '../../foundation/connections/types.ts'
import type { Approval, PairedSender, PairingRequest, Person } from '../../journey/guard/types.ts'
import type { InboxRow } from '../../journey/inbox/types.ts'
import type { DeliveryRow } from '../../journey/outbox/types.ts'
import type { EntryRow, FeedItem, RunningTurn, SessionRow } from '../../journey/sessions/types.ts'
import { createDevices, type DeviceStore } from '../devices.ts'
import { createBrowserSessions, type BrowserSessions } from '../browser-sessions.ts'
import { doorDeviceBrowsersMigration, doorIdentityMigration, doorMigration, doorReviewMigration } from '../migrations.ts'
import { withdrawableStore } from '../withdrawal.ts'
import { createPresence } from '../presence.ts'
import type { Rooms, SpeechDoor } from '../rooms.ts'
import { createRuns } from '../wire/runs.ts'

export type Submitted = Omit<IncomingMessage, 'chat'> & { chat: ChatId }

/** A way in that keeps what was put in and lets a test speak out. `answer` decides the receipt (default: accepted, duplicates recognised). */
export interface FakeDoor extends Door {
  submitted: Submitted[]
  answer: (message: Submitted) => Receipt | Promise<Receipt>
  /** Pretends that the outbox sent something through this way in. */
  say(chat: ChatRef, markdown: string, id?: string): void
}

/** Rooms made by hand: every part implements its interface in memory, and each test reads and writes `state`. The store, devices and presence are the real ones. */
export interface FakeRooms extends Rooms {
  state: {
    sessions: Map<SessionKey, SessionRow>
    entries: Map<SessionKey, EntryRow[]>
    running: RunningTurn[]
    /** By the client's name for the message. Those of the owner, unless `principal` says whose. */
    outcomes: Map<string, Omit<NonNullable<Awaited<ReturnType<Rooms['sessions']['outcomeOf']>>>, 'inbox'> & { inbox?: InboxId; principal?: PrincipalId }>
    aborts: { key: SessionKey; turn: TurnId | undefined }[]
    inbox: InboxRow[]
    /** How turns ended. */
    turns: Map<TurnId, TurnOutcome['kind']>
    deliveries: DeliveryRow[]
    statuses: ConnectionStatus[]
    login: LoginAttempt | undefined
    groups: { chat: ChatId; title: string; members: number }[]
    approvals: Approval[]
    pairing: PairingRequest[]
    paired: PairedSender[]
    people: Person[]
    audit: AuditEntry[]
    judged: { principal: Principal; action: Action }[]
    /** What the guard says; default allow. */
    verdict: (principal: Principal, action: Action) => Verdict
    config: Record<string, unknown>
    configRaw: string
    secrets: Map<string, import('@moltbot/contract').Secret>
    models: Awaited<ReturnType<Rooms['models']['list']>>
    primary: string
    agents: ReturnType<Rooms['agents']['list']>
    commands: ReturnType<Rooms['commands']>
    logLines: string[]
    why: Map<string, { lines: string[]; data: Record<string, unknown> }>
    shutdowns: { reason: string; restart: boolean }[]
    lines: ReturnType<typeof memoryLogger>['lines']
  }
  fakeDoors: { browser: FakeDoor; terminal: FakeDoor; http: FakeDoor }
  /** Puts one item on the sessions feed. */
  emit(item: FeedItem): void
  /** Tells the listeners that connections changed. */
  connectionsChanged(): void
  /** Tells the listeners that the configuration was reloaded. */
  reloaded(): void
  session(key: string, changes?: Partial<SessionRow>): SessionRow
  entry(key: string, body: EntryBody, turn?: string): EntryRow
  store: Store
  devices: DeviceStore
  signIns: BrowserSessions
}

/** One who speaks, as the test says; nobody does anything else. */
export const fakeSpeech = (changes: Partial<SpeechDoor>): SpeechDoor => ({ auto: () => 'off', voices: async () => [], convert: () => Promise.reject(new Problem('speech-unset', 'Nobody here can speak.')), ...changes })

function fakeDoor(serves: Door['serves']): FakeDoor {
  const listeners = new Set<(chat: ChatRef, message: OutgoingMessage, id: PlatformMessageId) => void>()
  const seen = new Map<string, InboxId>()
  let last = 0
  const door: FakeDoor = {
    serves,
    submitted: [],
    answer(message) {
      const known = seen.get(`${message.chat} ${message.id}`)
      if (known !== undefined) return { kind: 'duplicate', id: known }
      const id = `in-${serves}-${++last}` as InboxId
      seen.set(`${message.chat} ${message.id}`, id)
      return { kind: 'accepted', id }
    },
    async submit(message) {
      door.submitted.push(message)
      return door.answer(message)
    },
    onSend(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    say(chat, markdown, id) {
      const name = (id ?? `out-${serves}-${++last}`) as PlatformMessageId
      for (const listener of listeners) listener(chat, { key: name as never, markdown }, name)
    },
  }
  return door
}

function setAt(target: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.')
  let at = target
  for (const key of keys.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>
  const last = keys.at(-1) ?? ''
  if (value === undefined) delete at[last]
  else at[last] = value
}

function getAt(source: Record<string, unknown>, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined), source)
}

function mergeInto(target: Record<string, unknown>, changes: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) delete target[key]
    else if (typeof value === 'object' && !Array.isArray(value)) mergeInto((target[key] ??= {}) as Record<string, unknown>, value as Record<string, unknown>)
    else target[key] = value
  }
}

/** Everything a door and its methods ask for, in memory. `clock` defaults to the real one because sockets are real. */
export async function fakeRooms(options: { clock?: Clock; config?: Record<string, unknown> } = {}): Promise<FakeRooms> {
  const clock = options.clock ?? { ...realClock }
  const newId = countingIds()
  const log = memoryLogger()
  const store = withdrawableStore(await openStore({ file: ':memory:', migrations: [doorMigration, doorIdentityMigration, doorReviewMigration, doorDeviceBrowsersMigration] }))
  const random = (bytes: number): Buffer => crypto.getRandomValues(Buffer.alloc(bytes))
  const floor = { key: random(32), raise: async () => undefined }
  const changePerson = (id: string, changes: Partial<Person>): Person => {
    const person = state.people.find((each) => each.id === id)
    if (person === undefined) throw new Problem('person-unknown', `Nobody here is "${id}".`)
    return Object.assign(person, changes)
  }
  const feed = new Set<(item: FeedItem) => void>()
  const changes = new Set<() => void>()
  const reloads = new Set<(snapshot: ConfigSnapshot) => void>()
  const doors = { browser: fakeDoor('browser'), terminal: fakeDoor('terminal'), http: fakeDoor('http') }
  let seq = 0
  let revision = 0

  const state: FakeRooms['state'] = {
    sessions: new Map(),
    entries: new Map(),
    running: [],
    outcomes: new Map(),
    aborts: [],
    inbox: [],
    turns: new Map(),
    deliveries: [],
    statuses: [],
    login: undefined,
    groups: [],
    approvals: [],
    pairing: [],
    paired: [],
    people: [],
    audit: [],
    judged: [],
    verdict: (principal) => ({ kind: 'allow', principal }),
    config: options.config ?? {},
    configRaw: '{}\n',
    secrets: new Map(),
    models: [{ provider: 'builtin', id: 'assistant', contextWindow: 32_000, maxOutputTokens: 4096, input: ['text'], reasoning: false, available: true, credential: 'not-needed' }],
    primary: 'builtin/assistant',
    agents: [{ id: 'main', name: 'Molty', emoji: '🦞', workspace: '/home/someone/clawd', isDefault: true }],
    commands: [{ name: 'help', aliases: [], description: 'Shows the commands.', args: '', ownerOnly: false }],
    logLines: [],
    why: new Map(),
    shutdowns: [],
    lines: log.lines,
  }

  const session = (given: string, changesToRow: Partial<SessionRow> = {}): SessionRow => {
    const key = given as SessionKey
    const known = state.sessions.get(key)
    const row: SessionRow = {
      key, id: (known?.id ?? newId('ses')) as SessionId, agent: mainAgent, principal: ownerPrincipal, kind: 'direct', lastChat: null, title: null, settings: {},
      createdAt: clock.now(), updatedAt: clock.now(), lastUserAt: null, usage: noUsage, contextTokens: 0, compactions: 0,
      ...known, ...changesToRow,
    }
    state.sessions.set(key, row)
    return row
  }
  const emit = (item: FeedItem): void => {
    for (const listener of feed) listener(item)
  }
  const entry = (given: string, body: EntryBody, turn?: string): EntryRow => {
    const row = session(given)
    const made: EntryRow = { id: newId('en') as EntryId, seq: ++seq, sessionId: row.id, turnId: (turn ?? null) as TurnId | null, body, at: clock.now() }
    state.entries.set(row.key, [...(state.entries.get(row.key) ?? []), made])
    emit({ kind: 'entry', key: row.key, entry: made })
    return made
  }
  const snapshot = (): ConfigSnapshot => ({
    path: '/home/someone/.moltbot/moltbot.json', exists: true, raw: state.configRaw, hash: `hash-${revision}`, parsed: state.config, effective: state.config, issues: [],
  })
  const reloaded = (): void => {
    revision += 1
    state.configRaw = `${JSON.stringify(state.config, null, 2)}\n`
    for (const listener of reloads) listener(snapshot())
  }
  const checkHash = (base: string | undefined): void => {
    if (base !== undefined && base !== `hash-${revision}`) throw new Problem('config-changed', 'The file changed since it was read.', { next: 'Read it again and repeat the change.' })
  }

  const rooms: FakeRooms = {
    version: '0.0.0-test',
    startedAt: clock.now(),
    stateDir: '/home/someone/.moltbot',
    clock,
    newId,
    log,
    store,
    state,
    fakeDoors: doors,
    emit,
    session,
    entry,
    reloaded,
    connectionsChanged: () => changes.forEach((listener) => listener()),
    config: {
      get: (section) => Value.Default(section.schema, structuredClone(getAt(state.config, section.path) ?? {})) as never,
      onChange(section, listener) {
        const wrapped = (): void => listener(rooms.config.get(section))
        reloads.add(wrapped)
        return () => void reloads.delete(wrapped)
      },
      healthy: () => true,
      snapshot,
      schema: () => ({ type: 'object', properties: {} }),
      async replace(raw, base) {
        checkHash(base)
        try {
          state.config = JSON.parse(raw) as Record<string, unknown>
        } catch (cause) {
          throw new Problem('config-invalid', 'The text is not valid.', { cause, details: { issues: [{ path: '', line: 1, column: 1, message: 'not JSON', severity: 'error' }] } })
        }
        reloaded()
        return snapshot()
      },
      async patch(given, base) {
        checkHash(base)
        mergeInto(state.config, given)
        reloaded()
        return snapshot()
      },
      async set(path, value) {
        setAt(state.config, path, value)
        reloaded()
        return snapshot()
      },
      onReload(listener) {
        reloads.add(listener)
        return () => void reloads.delete(listener)
      },
      secrets: { get: async (path) => state.secrets.get(path) },
    },
    audit: {
      append: async (_tx, given) => void state.audit.push(given),
      about: async (subject) => state.audit.filter((given) => given.subject === subject).map((given) => ({ ...given, at: clock.now() })),
    },
    guard: {
      async judge(principal, action) {
        state.judged.push({ principal, action })
        return state.verdict(principal, action)
      },
      principal: async (id) => (id === ownerPrincipal ? { id, role: 'owner' } : undefined),
      pending: async (channel) => state.pairing.filter((request) => channel === undefined || request.channel === channel),
      async approve(channel, code) {
        const request = state.pairing.find((one) => one.channel === channel && one.code.toUpperCase() === code.toUpperCase())
        if (request === undefined) throw new Problem('pairing-code-unknown', 'Nobody is waiting with that code.', { next: 'List the codes with `moltbot pairing list`.' })
        state.pairing = state.pairing.filter((one) => one !== request)
        const paired: PairedSender = { channel, account: request.account, sender: request.sender, name: request.senderName, principal: ownerPrincipal, role: 'owner', since: clock.now() }
        state.paired.push(paired)
        return paired
      },
      async reject(channel, code) {
        const before = state.pairing.length
        state.pairing = state.pairing.filter((one) => one.channel !== channel || one.code !== code)
        return state.pairing.length < before
      },
      paired: async () => state.paired,
      people: async () => state.people,
      profileNames: () => ['child'],
      whyNoEntry: (text) => (text.includes('$') ? 'it is not plain' : undefined),
      async setRole(id, role) {
        return changePerson(id, { role, profile: null })
      },
      async setProfile(id, profile) {
        return changePerson(id, { profile })
      },
      async removePerson(id) {
        changePerson(id, {})
        state.people = state.people.filter((person) => person.id !== id)
      },
      onPairing: () => () => undefined,
      approvals: async ({ open } = {}) => state.approvals.filter((approval) => open !== true || approval.state === 'pending'),
      approval: async (id) => state.approvals.find((approval) => approval.id === id || approval.code === id),
      async decide(id, decision, by) {
        const approval = state.approvals.find((one) => one.id === id)
        if (approval === undefined) throw new Problem('approval-unknown', 'unknown approval id')
        return Object.assign(approval, { state: decision === 'deny' ? 'denied' : 'allowed', decision, decidedBy: by.principal.id, decidedVia: by.via, decidedAt: clock.now() })
      },
      async whenDecided(id) {
        const approval = state.approvals.find((one) => one.id === id)
        if (approval === undefined) throw new Problem('approval-unknown', 'unknown approval id')
        return approval
      },
      async request(question) {
        const approval: Approval = {
          ...question, id: question.id ?? 'approval-1', code: 'ABCD', principal: question.principal.id, role: question.principal.role, detail: JSON.stringify(question.input), always: null,
          requestedAt: clock.now(), expiresAt: question.until ?? clock.now() + 1_000, state: 'pending', decision: null, decidedBy: null, decidedVia: null, decidedAt: null, usedAt: null,
        }
        state.approvals.push(approval)
        return approval
      },
      standing: async () => [],
      revokeStanding: async () => 0,
      onApproval: () => () => undefined,
      async revoke(channel, account, sender) {
        const before = state.paired.length
        state.paired = state.paired.filter((one) => one.channel !== channel || one.account !== account || one.sender !== sender)
        return state.paired.length < before
      },
    },
    inbox: {
      get: async (id) => state.inbox.find((row) => row.id === id),
      find: async (text) => state.inbox.filter((row) => row.id.startsWith(text) || row.message.id === text),
      open: async () => state.inbox.filter((row) => row.end === null),
      counts: async () => ({ open: state.inbox.filter((row) => row.end === null).length, stuck: 0, total: state.inbox.length }),
    },
    sessions: {
      feed: {
        subscribe(listener) {
          feed.add(listener)
          return () => void feed.delete(listener)
        },
      },
      resolveKey(given) {
        const lower = given.trim().toLowerCase()
        if (lower === '' || /\s/.test(lower)) throw new Problem('session-key-invalid', `"${given}" is no session key.`, { next: 'Use main or agent:<agent>:<name>.' })
        if (lower === 'main') return 'agent:main:main' as SessionKey
        return (lower.startsWith('agent:') ? lower : `agent:main:${lower}`) as SessionKey
      },
      list: async (filter) => [...state.sessions.values()]
        .filter((row) => (filter?.agent === undefined || row.agent === filter.agent) && (filter?.activeSince === undefined || row.updatedAt >= filter.activeSince)
          && (filter?.search === undefined || `${row.key} ${row.title ?? ''} ${row.settings.label ?? ''}`.toLowerCase().includes(filter.search.toLowerCase())))
        .sort((a, b) => b.updatedAt - a.updatedAt)
        .slice(0, filter?.limit ?? Infinity),
      get: async (key) => state.sessions.get(key),
      history: async (key, limit) => (state.entries.get(key) ?? []).filter((row) => row.sessionId === state.sessions.get(key)?.id).slice(-limit),
      async patch(key, given) {
        const label = given.label
        if (label != null && [...state.sessions.values()].some((row) => row.key !== key && row.settings.label === label)) {
          throw new Problem('label-taken', `label already in use: ${label}`)
        }
        const settings = Object.fromEntries(Object.entries({ ...state.sessions.get(key)?.settings, ...given }).filter(([, value]) => value !== null && value !== undefined))
        const row = session(key, { settings, updatedAt: clock.now() })
        emit({ kind: 'session-changed', key, change: 'updated' })
        return row
      },
      async reset(key) {
        const row = session(key, { id: newId('ses') as SessionId, updatedAt: clock.now() })
        emit({ kind: 'session-changed', key, change: 'reset' })
        return row
      },
      async delete(key) {
        if (key.endsWith(':main')) throw new Problem('session-main', `Cannot delete the main session (${key}).`)
        const had = state.sessions.delete(key)
        if (had) emit({ kind: 'session-changed', key, change: 'deleted' })
        return had
      },
      compact: async () => ({ compacted: false, reason: 'nothing to compact' }),
      async abort(key, given) {
        state.aborts.push({ key, turn: given.turn })
        const stopped = state.running.filter((turn) => turn.key === key && (given.turn === undefined || turn.id === given.turn))
        state.running = state.running.filter((turn) => !stopped.includes(turn))
        for (const turn of stopped) {
          const outcome = { kind: 'aborted', reason: 'stop', text: '' } as const
          emit({ kind: 'turn', turn, sessionId: session(key).id, event: { type: 'turn-end', outcome }, at: clock.now() })
          emit({ kind: 'turn-settled', turn, outcome, at: clock.now() })
        }
        return stopped.map((turn) => turn.id)
      },
      async inject(key, text, label) {
        if (!state.sessions.has(key)) throw new Problem('session-missing', 'session not found')
        return entry(key, { kind: 'injected', text, ...(label === undefined ? {} : { label }) })
      },
      running: (key) => state.running.filter((turn) => key === undefined || turn.key === key),
      turnOutcome: async (turn) => state.turns.get(turn) ?? null,
      async outcomeOf(platformId, of) {
        const { principal = ownerPrincipal, ...outcome } = state.outcomes.get(platformId) ?? {}
        return principal === of.principal && 'end' in outcome ? { inbox: 'in1' as InboxId, ...outcome } : undefined
      },
    },
    outbox: {
      openFile: async () => undefined,
      besideTurns: async (chat) => state.deliveries.filter((row) => (row.file !== undefined || row.buttons !== undefined || row.spentButtons !== undefined) && row.chat.chat === chat),
      async send(request) {
        const row: DeliveryRow = {
          id: newId('dl') as never, turnId: null, inboxId: null, part: 0, principal: request.principal, chat: request.chat, key: (request.key ?? newId('k')) as never,
          markdown: request.markdown, replyTo: null, state: 'sent', platformId: newId('pm') as PlatformMessageId, attempts: 1, resent: false, error: null,
          createdAt: clock.now(), settledAt: clock.now(),
        }
        state.deliveries.push(row)
        return row
      },
      ofTurn: async (turn) => state.deliveries.filter((row) => row.turnId === turn),
      ofKey: async (key) => state.deliveries.find((row) => row.key === key),
      ofInbox: async (id) => state.deliveries.filter((row) => row.inboxId === id),
      counts: async () => ({ waiting: 0, ambiguous: 0, failed: 0 }),
    },
    connections: {
      of: () => undefined,
      status: () => state.statuses,
      probe: async () => state.statuses.map((status) => ({ channel: status.channel as ChannelId, account: status.account, ok: true, text: 'ok', elapsedMs: 1 })),
      onUp: () => () => undefined,
      onChange(listener) {
        changes.add(listener)
        return () => void changes.delete(listener)
      },
      login: async () => {
        state.login ??= { state: () => ({ kind: 'going', step: undefined }), changes: () => 0, changed: async () => undefined, stop: async () => undefined }
        return state.login
      },
      loginOf: () => state.login,
      logout: async () => void (state.login = undefined),
      groups: async () => state.groups,
    },
    channels: [],
    doors: (serves) => doors[serves],
    models: {
      list: async () => state.models,
      current: () => ({ primary: state.primary, fallbacks: [], why: 'the only usable model' }),
      resolve: (name) => state.models.map((model) => `${model.provider}/${model.id}`).find((full) => full === name || full.endsWith(`/${name}`)),
    },
    agents: { list: () => state.agents },
    logs: {
      file: '/home/someone/.moltbot/logs/gateway.log',
      tail: async (_cursor, limit) => ({ cursor: state.logLines.length, size: state.logLines.length, lines: state.logLines.slice(-limit), truncated: false, reset: false }),
    },
    devices: createDevices({ store, clock, newId, random, floor }),
    signIns: createBrowserSessions({ store, clock, newId, random, floor }),
    presence: createPresence({ clock, version: '0.0.0-test', host: 'box', ip: undefined, platform: 'linux' }),
    why: async (id) => state.why.get(id),
    commands: () => state.commands,
    runs: createRuns(log),
    shutdown: (reason, restart) => void state.shutdowns.push({ reason, restart }),
  }
  return rooms
}

import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import { createApprovals, type Approvals } from './approvals.ts'
import { explainFailure } from './explain-failure.ts'
import { ConnectionLost, type ConnectionState, type GatewayClient, type Hello } from './gateway-client.ts'
import { createOutgoing } from './outgoing.ts'
import { text } from './text.ts'
import {
  emptyTranscript, runningRun, stepTextOf, withAgentEvent, withChatEvent, withEarlier, withHistory, withMessage, withProgress, withReset,
  type Transcript,
} from './transcript.ts'
import type { OwnFile, UnsentBox } from './unsent.ts'
import {
  fields, list, modelName, readAgentEvent, readChannels, readChatEvent, readCommands, readDevices, readHistory, readMessage, readModels, readPairing, readProgressEvent, readSession, words,
  type ChannelChip, type CommandChoice, type DeviceRequest, type ModelChoice, type PairingRequest, type SessionRow,
} from './wire.ts'

/** What is shown beside the conversation. */
export type SidePanel = { kind: 'none' } | { kind: 'people' } | { kind: 'why'; id: string; answer: WhyAnswer }
export type WhyAnswer = { kind: 'loading' } | { kind: 'lines'; lines: string[] } | { kind: 'failed'; reason: string; next: string | undefined }

export interface Toast { id: number; tone: 'plain' | 'bad'; words: string }

/** What the desk needs from outside. */
export interface DeskSurroundings {
  client: GatewayClient
  unsent: UnsentBox
  newId(): string
  now(): number
  setTimer(task: () => void, ms: number): () => void
  /** Calls back before the next picture is drawn. */
  beforePaint(task: () => void): void
  /** The session the address names, if any; and how to name one there. */
  address: {
    read(): string | undefined
    /** A person opened it. */
    write(key: string): void
    /** The page shows it by itself; an address that names something else stays. */
    settle(key: string): void
  }
}

/** The page's whole state and everything a person can do with it. Components read signals and call these functions. */
export interface Desk {
  connection: ReadonlySignal<ConnectionState>
  hello: ReadonlySignal<Hello | undefined>
  sessions: ReadonlySignal<SessionRow[]>
  /** False until the list came once. */
  sessionsLoaded: ReadonlySignal<boolean>
  sessionKey: ReadonlySignal<string>
  session: ReadonlySignal<SessionRow | undefined>
  transcript: ReadonlySignal<Transcript>
  /** Whether an answer is being given in the open session. */
  running: ReadonlySignal<boolean>
  /** Sessions with an answer nobody looked at yet. */
  unread: ReadonlySignal<ReadonlySet<string>>
  models: ReadonlySignal<ModelChoice[]>
  /** `provider/model` for sessions without a choice of their own; undefined while unknown. */
  defaultModel: ReadonlySignal<string | undefined>
  /** What answers in this session now. */
  currentModel: ReadonlySignal<string | undefined>
  commands: ReadonlySignal<CommandChoice[]>
  channels: ReadonlySignal<ChannelChip[]>
  pairing: ReadonlySignal<PairingRequest[]>
  devices: ReadonlySignal<DeviceRequest[]>
  approvals: Approvals
  panel: Signal<SidePanel>
  toasts: ReadonlySignal<Toast[]>
  /** One more each time the gateway's own review found something else than the one before. */
  reviewed: ReadonlySignal<number>
  /** One more each time something the gateway does by itself began or ended. */
  jobsHeard: ReadonlySignal<number>

  start(): void
  /** Whether this gateway has the method and this person may know of it. */
  can(method: string): boolean
  /** For what is not kept here. Rejects with `GatewayError` or `ConnectionLost`. */
  ask(method: string, params?: Record<string, unknown>, timeoutMs?: number): Promise<unknown>
  /** Says what went wrong, and what to do about it. */
  complain(error: unknown): void
  open(key: string): void
  newChat(): void
  send(words: string, files: OwnFile[]): void
  retry(key: string): void
  /** Takes a message that was not accepted off the page; hands back its words. */
  discard(key: string): string
  stop(): Promise<void>
  rename(key: string, label: string): Promise<void>
  reset(key: string): Promise<void>
  remove(key: string): Promise<void>
  chooseModel(model: string | null): Promise<void>
  reloadHistory(): void
  /** Reads anew which models there are. */
  lookAtModels(): void
  /** One page of older messages of the open session. Resolves when they are there, or it was told why not. */
  loadEarlier(): Promise<void>
  explain(id: string): void
  approve(request: PairingRequest): Promise<void>
  reject(request: PairingRequest): Promise<void>
  approveDevice(request: DeviceRequest): Promise<void>
  rejectDevice(request: DeviceRequest): Promise<void>
  say(tone: Toast['tone'], words: string): void
}

const historyLimit = 200
/** Nobody tells about a stranger's first message, so the list of who waits is asked for; it is short. */
const peopleEveryMs = 20_000
export function createDesk(world: DeskSurroundings): Desk {
  const { client, unsent } = world
  const connection = signal<ConnectionState>(client.state())
  const hello = signal<Hello | undefined>(undefined)
  const sessions = signal<SessionRow[]>([])
  const reviewed = signal(0)
  const jobsHeard = signal(0)
  const sessionsLoaded = signal(false)
  const sessionKey = signal(world.address.read() ?? '')
  const unread = signal<ReadonlySet<string>>(new Set())
  const models = signal<ModelChoice[]>([])
  const defaultModel = signal<string | undefined>(undefined)
  const commands = signal<CommandChoice[]>([])
  const channels = signal<ChannelChip[]>([])
  const pairing = signal<PairingRequest[]>([])
  const devices = signal<DeviceRequest[]>([])
  const panel = signal<SidePanel>({ kind: 'none' })
  const toasts = signal<Toast[]>([])
  const transcript = signal<Transcript>(emptyTranscript)

  const running = computed(() => runningRun(transcript.value) !== undefined)
  const session = computed(() => sessions.value.find((row) => row.key === sessionKey.value))
  const currentModel = computed(() => session.value?.model ?? defaultModel.value)

  // What was said, by session. The signal shows the open one and is set at most once a picture: deltas come faster than screens draw.
  const transcripts = new Map<string, Transcript>()
  let paintAsked = false
  function change(key: string, next: (now: Transcript) => Transcript): void {
    const before = transcripts.get(key) ?? emptyTranscript
    const after = next(before)
    if (after === before) return
    transcripts.set(key, after)
    if (key !== sessionKey.value || paintAsked) return
    paintAsked = true
    world.beforePaint(() => {
      paintAsked = false
      transcript.value = transcripts.get(sessionKey.value) ?? emptyTranscript
    })
  }

  let nextToast = 1
  function say(tone: Toast['tone'], sentence: string): void {
    const id = nextToast
    nextToast += 1
    toasts.value = [...toasts.value.slice(-2), { id, tone, words: sentence }]
    world.setTimer(() => {
      toasts.value = toasts.value.filter((toast) => toast.id !== id)
    }, tone === 'bad' ? 9_000 : 4_000)
  }
  function complain(error: unknown): void {
    const { reason, next } = explainFailure(error)
    say('bad', next === undefined ? reason : `${reason} ${next}`)
  }

  function can(method: string): boolean {
    return hello.value?.methods.has(method) === true
  }

  /** Joins requests for the same thing: at most one under way and one to follow. */
  function fresh(load: () => Promise<void>): () => void {
    let running = false
    let again = false
    const run = (): void => {
      if (running) {
        again = true
        return
      }
      running = true
      void load().catch((error: unknown) => {
        // A lost line is told by the banner, and everything is read again after it.
        if (!(error instanceof ConnectionLost)) complain(error)
      }).finally(() => {
        running = false
        if (!again) return
        again = false
        run()
      })
    }
    return run
  }

  const loadSessions = fresh(async () => {
    const payload = fields(await client.request('sessions.list', { includeGlobal: false, includeUnknown: false, includeDerivedTitles: true, includeLastMessage: true, limit: 200 }))
    const defaults = fields(payload['defaults'])
    const rows = list(payload['sessions']).map(readSession).filter((row) => row !== undefined)
    sessions.value = rows
    sessionsLoaded.value = true
    const known = modelName(defaults['modelProvider'], defaults['model'])
    if (known !== undefined) defaultModel.value = known
  })
  const loadModels = fresh(async () => {
    models.value = readModels(await client.request('models.list', {}))
    if (!can('models.status')) return
    const status = fields(await client.request('models.status', {}))
    const primary = words(status['primary']) ?? words(fields(status['current'])['primary'])
    if (primary !== undefined) defaultModel.value = primary
  })
  const loadCommands = fresh(async () => {
    if (can('commands.list')) commands.value = readCommands(await client.request('commands.list', {}))
  })
  const loadChannels = fresh(async () => {
    if (can('channels.status')) channels.value = readChannels(await client.request('channels.status', { probe: false }))
  })
  const loadPeople = fresh(async () => {
    if (can('pairing.list')) pairing.value = readPairing(await client.request('pairing.list', {}))
    if (can('device.pair.list')) devices.value = readDevices(await client.request('device.pair.list', {}))
  })

  const loadApprovals = fresh(() => approvals.load())
  const approvals = createApprovals({
    client, can, now: world.now, reload: loadApprovals,
    explain: (error) => {
      const { reason, next } = explainFailure(error)
      return next === undefined ? reason : `${reason} ${next}`
    },
  })

  const historyLoads = new Map<string, () => void>()
  const historyUnderWay = new Set<string>()
  function loadHistory(key: string): void {
    const known = historyLoads.get(key)
    if (known !== undefined) return known()
    const load = fresh(async () => {
      if (transcripts.get(key)?.load.kind !== 'ready') change(key, (now) => ({ ...now, load: { kind: 'loading' } }))
      historyUnderWay.add(key)
      try {
        const history = readHistory(await client.request('chat.history', { sessionKey: key, limit: historyLimit }))
        change(key, (now) => withHistory(now, history.messages, history.activeRuns, history.hasMore, history.waiting))
      } catch (error) {
        if (!(error instanceof ConnectionLost) && transcripts.get(key)?.load.kind !== 'ready') change(key, (now) => ({ ...now, load: { kind: 'failed', ...explainFailure(error) } }))
        else throw error
      } finally {
        historyUnderWay.delete(key)
      }
    })
    historyLoads.set(key, load)
    load()
  }

  const earlierUnderWay = new Map<string, Promise<void>>()
  function loadEarlier(key: string): Promise<void> {
    const known = earlierUnderWay.get(key)
    if (known !== undefined) return known
    const work = (async () => {
      const shown = transcripts.get(key)
      if (shown === undefined || !shown.hasMore) return
      try {
        const page = readHistory(await client.request('chat.history', { sessionKey: key, limit: historyLimit, offset: shown.messages.length }))
        change(key, (now) => withEarlier(now, page.messages, page.hasMore))
        // Until they are seen nobody is at the beginning of what is there.
        await new Promise<void>((resolve) => world.beforePaint(resolve))
      } catch (error) {
        complain(error)
      }
    })().finally(() => earlierUnderWay.delete(key))
    earlierUnderWay.set(key, work)
    return work
  }

  const outgoing = createOutgoing({ client, unsent, newId: world.newId, now: world.now, connection, transcripts, change, loadHistory })

  let subscribedTo = ''
  function subscribe(key: string): void {
    if (!can('sessions.messages.subscribe') || subscribedTo === key) return
    const before = subscribedTo
    subscribedTo = key
    if (before !== '' && can('sessions.messages.unsubscribe')) void client.request('sessions.messages.unsubscribe', { key: before }).catch(ignoreLost)
    void client.request('sessions.messages.subscribe', { key }).catch(ignoreLost)
  }
  function ignoreLost(error: unknown): void {
    if (!(error instanceof ConnectionLost)) complain(error)
  }

  // ── sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────

  function open(key: string): void {
    if (key === '') return
    world.address.write(key)
    show(key)
  }

  function show(key: string): void {
    sessionKey.value = key
    transcript.value = transcripts.get(key) ?? emptyTranscript
    if (unread.value.has(key)) unread.value = new Set([...unread.value].filter((other) => other !== key))
    if (connection.value.kind !== 'online') return
    subscribe(key)
    loadHistory(key)
  }

  function newChat(): void {
    open(`agent:${hello.value?.defaultAgent ?? 'main'}:dashboard:${world.newId()}`)
  }

  function startOver(key: string): void {
    approvals.forget(key)
    change(key, withReset)
  }

  async function patch(key: string, changes: Record<string, unknown>): Promise<void> {
    try {
      await client.request('sessions.patch', { key, ...changes })
      loadSessions()
    } catch (error) {
      complain(error)
    }
  }

  // ── what the gateway tells ───────────────────────────────────────────────────────────────────────────────────────

  function welcome(now: Hello): void {
    hello.value = now
    subscribedTo = ''
    const first = sessionKey.value === '' ? now.mainSessionKey : sessionKey.value
    world.address.settle(first)
    transcripts.delete('')
    outgoing.adopt(first)
    show(first)
    loadApprovals()
    outgoing.show()
    outgoing.flush()
    loadSessions()
    loadModels()
    loadCommands()
    loadChannels()
    loadPeople()
    if (can('sessions.subscribe')) void client.request('sessions.subscribe', {}).catch(ignoreLost)
  }

  function readAgain(): void {
    loadApprovals()
    loadSessions()
    loadChannels()
    loadPeople()
    for (const key of transcripts.keys()) {
      if (key === sessionKey.value) loadHistory(key)
      // Others are read again when they are opened.
      else change(key, (now) => ({ ...now, load: { kind: 'never' } }))
    }
  }

  function canonical(key: string): string {
    return key === 'main' ? (hello.value?.mainSessionKey ?? key) : key
  }

  function listen(): void {
    client.onState((state) => {
      const before = connection.value
      connection.value = state
      if (state.kind === 'online') return welcome(state.hello)
      if (before.kind === 'online') {
        for (const key of transcripts.keys()) if (key !== sessionKey.value) change(key, (now) => ({ ...now, load: { kind: 'never' } }))
      }
    })
    client.onGap(readAgain)
    approvals.listen()
    client.on('chat', (payload) => {
      const key = canonical(words(fields(payload)['sessionKey']) ?? '')
      const event = readChatEvent(payload, (runId) => stepTextOf(transcripts.get(key), runId))
      if (event === undefined) return
      if (event.state === 'final' || event.state === 'error') {
        if (key !== sessionKey.value) unread.value = new Set(unread.value).add(key)
      }
      // Sessions nobody has open are read whole when they are opened.
      if (!transcripts.has(key)) return
      change(key, (now) => (event.state === 'final' && event.line !== undefined ? withMessage(now, event.line) : withChatEvent(now, event)))
      if (event.state !== 'delta' && event.state !== 'status' && key === sessionKey.value) {
        const now = transcripts.get(key)
        const left = now?.tail.some((item) => (item.kind === 'run' && item.runId === event.runId) || (item.kind === 'own' && item.key === event.runId)) === true
        // A history under way may have been written down before this end.
        if (left || historyUnderWay.has(key)) loadHistory(key)
      }
    })
    client.on('agent', (payload) => {
      const event = readAgentEvent(payload)
      if (event === undefined) return
      const key = canonical(event.sessionKey ?? '')
      if (transcripts.has(key)) change(key, (now) => withAgentEvent(now, event))
    })
    client.on('session.message', (payload) => {
      const raw = fields(payload)
      const key = canonical(words(raw['sessionKey']) ?? '')
      const id = words(raw['messageId'])
      const message = readMessage(raw['message'], id ?? world.newId())
      if (message === undefined || !transcripts.has(key)) return
      // A history under way may or may not hold this line; the next one will.
      if (historyUnderWay.has(key)) loadHistory(key)
      if (transcripts.get(key)?.load.kind !== 'ready') return
      change(key, (now) => withMessage(now, id === undefined ? message : { ...message, id }))
    })
    client.on('session.progress', (payload) => {
      const event = readProgressEvent(payload)
      const key = event === undefined ? '' : canonical(event.sessionKey)
      if (event !== undefined && transcripts.has(key)) change(key, (now) => withProgress(now, event.key, event.progress))
    })
    client.on('sessions.changed', (payload) => {
      const raw = fields(payload)
      const key = canonical(words(raw['sessionKey']) ?? '')
      const reason = words(raw['reason']) ?? words(raw['phase']) ?? ''
      if (reason === 'reset') {
        startOver(key)
        if (key === sessionKey.value) loadHistory(key)
      }
      if (reason === 'delete' || reason === 'deleted') {
        transcripts.delete(key)
        if (key === sessionKey.value) open(hello.value?.mainSessionKey ?? key)
      }
      loadSessions()
    })
    client.on('health', loadChannels)
    client.on('config.changed', () => {
      loadModels()
      loadSessions()
      loadChannels()
    })
    client.on('security.changed', () => { reviewed.value += 1 })
    client.on('cron', () => { jobsHeard.value += 1 })
    for (const event of ['pairing.changed', 'device.pair.requested', 'device.pair.resolved', 'device.pair.changed', 'presence']) client.on(event, loadPeople)
  }

  async function decide(method: string, params: Record<string, unknown>, done: string): Promise<void> {
    try {
      await client.request(method, params)
      say('plain', done)
    } catch (error) {
      complain(error)
    }
    loadPeople()
  }

  return {
    connection, hello, sessions, sessionsLoaded, sessionKey, session, transcript, running, unread, models, defaultModel, currentModel, commands, channels, pairing, devices, approvals, panel, toasts, reviewed, jobsHeard,

    can,
    ask: (method, params, timeoutMs) => client.request(method, params, timeoutMs),
    complain,
    start() {
      listen()
      outgoing.show()
      effect(() => {
        transcript.value = transcripts.get(sessionKey.value) ?? emptyTranscript
      })
      const lookForPeople = (): void => {
        if (connection.value.kind === 'online') loadPeople()
        world.setTimer(lookForPeople, peopleEveryMs)
      }
      world.setTimer(lookForPeople, peopleEveryMs)
      client.start()
    },
    open,
    newChat,
    send: (sentence, added) => outgoing.send(sessionKey.value, sentence, added),
    retry: outgoing.retry,
    discard: outgoing.discard,
    async stop() {
      const key = sessionKey.value
      try {
        await client.request('chat.abort', { sessionKey: key })
        const now = transcripts.get(key)
        if (now !== undefined && runningRun(now) !== undefined) loadHistory(key)
      } catch (error) {
        complain(error)
      }
    },
    rename: (key, label) => patch(key, { label: label.trim() === '' ? null : label.trim() }),
    async reset(key) {
      try {
        await client.request('sessions.reset', { key })
        startOver(key)
        loadHistory(key)
        loadSessions()
      } catch (error) {
        complain(error)
      }
    },
    async remove(key) {
      try {
        await client.request('sessions.delete', { key })
        transcripts.delete(key)
        sessions.value = sessions.value.filter((row) => row.key !== key)
        if (key === sessionKey.value) open(hello.value?.mainSessionKey ?? 'agent:main:main')
        loadSessions()
      } catch (error) {
        complain(error)
      }
    },
    chooseModel: (model) => patch(sessionKey.value, { model }),
    reloadHistory: () => loadHistory(sessionKey.value),
    lookAtModels: loadModels,
    loadEarlier: () => loadEarlier(sessionKey.value),
    explain(id) {
      panel.value = { kind: 'why', id, answer: { kind: 'loading' } }
      const show = (answer: WhyAnswer): void => {
        if (panel.value.kind === 'why' && panel.value.id === id) panel.value = { kind: 'why', id, answer }
      }
      client.request('why', { id }).then(
        (payload) => show({ kind: 'lines', lines: list(fields(payload)['lines']).filter((line) => typeof line === 'string') }),
        (error: unknown) => show({ kind: 'failed', ...explainFailure(error) }),
      )
    },
    approve: (request) => decide('pairing.approve', { channel: request.channel, code: request.code }, text.approved(request.senderName ?? request.sender)),
    reject: (request) => decide('pairing.reject', { channel: request.channel, code: request.code }, text.rejected(request.senderName ?? request.sender)),
    approveDevice: (request) => decide('device.pair.approve', { requestId: request.requestId }, text.approved(request.name)),
    rejectDevice: (request) => decide('device.pair.reject', { requestId: request.requestId }, text.rejected(request.name)),
    say,
  }
}

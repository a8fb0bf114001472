import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { readFile } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'

/** The page's rules, as the gateway's own server sends them. */
export const contentPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; frame-src 'self'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types moltbot-worker"

/** What an answer is made of, in order. */
export type Step =
  | { kind: 'text'; text: string }
  | { kind: 'thinking'; text: string }
  | { kind: 'tool'; name: string; input: unknown; result: string; isError?: boolean }
  /** Waits for the test; ends at once when the run is stopped. */
  | { kind: 'wait'; until: Promise<void> }
  | { kind: 'fail'; message: string; errorKind?: string }

export interface FakeMessage { role: string; [field: string]: unknown }
export interface FakeSession { key: string; messages: FakeMessage[]; row: Record<string, unknown> }

export interface FakeGateway {
  url: string
  sessions: Map<string, FakeSession>
  /** Every `chat.send` that arrived, repetitions included. */
  sent: { sessionKey: string; message: string; idempotencyKey: string; attachments?: unknown[] }[]
  /** Every request by name, in order. */
  requests: { method: string; params: Record<string, unknown> }[]
  pairing: Record<string, unknown>[]
  /** Questions on the wire, open and answered. */
  approvals: Record<string, unknown>[]
  /** Files the assistant sent, by their path. */
  files: Map<string, { type: string; bytes: Buffer }>
  /** Asks a question, as a tool call that needs a yes does. */
  ask(question: Record<string, unknown>): void
  /** While set, the answer to `connect` waits for it. */
  holdHello: Promise<void> | undefined
  /** While set, answers to questions wait for it. */
  holdAnswers: Promise<void> | undefined
  /** What further methods answer, or these instead of their own. */
  also: Record<string, (params: Record<string, unknown>) => unknown>
  channels: { id: string; label: string; accounts: Record<string, unknown>[] }[]
  models: Record<string, unknown>[]
  defaultModel: { provider: string; model: string }
  /** What the assistant answers to a text. */
  answer(text: string): Step[] | 'command'
  /** Breaks every connection without a word, as a pulled plug does. */
  cut(): void
  /** While true the upgrade is refused. */
  down: boolean
  /** While true the browser counts as signed out. */
  signedOut: boolean
  /** The next `chat.send` is taken, but the line breaks before the receipt. */
  loseNextReceipt: boolean
  /** The next `chat.send` is refused with these words. */
  refuseNext: string | undefined
  emit(event: string, payload: unknown): void
  close(): Promise<void>
}

const types: Record<string, string> = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', png: 'image/png', webmanifest: 'application/manifest+json' }
const main = 'agent:main:main'

/** A gateway that speaks just enough of the protocol for the page, on a real socket, with answers the test writes. */
export async function createFakeGateway(uiDir: string): Promise<FakeGateway> {
  const sockets = new Map<WebSocket, { seq: number; messages: Set<string> }>()
  /** By idempotency key, how far a message is. */
  const seen = new Map<string, 'accepted' | 'answered' | 'stopped' | 'unanswered'>()
  const runs = new Map<string, { key: string; stop: () => void; stopped: Promise<void> }>()
  let counter = 0

  const http = createServer((request, response) => void serve(request, response))
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://x').pathname
    response.setHeader('Content-Security-Policy', contentPolicy)
    response.setHeader('X-Content-Type-Options', 'nosniff')
    if (path === '/ui-config.json') {
      response.writeHead(fake.signedOut ? 401 : 200, { 'Content-Type': 'application/json' }).end('{}')
      return
    }
    const sentFile = fake.files.get(path)
    if (sentFile !== undefined) {
      response.writeHead(200, { 'Content-Type': sentFile.type, 'Content-Disposition': 'attachment', 'Content-Security-Policy': "default-src 'none'; sandbox" }).end(sentFile.bytes)
      return
    }
    const name = path === '/' ? 'index.html' : normalize(path).replace(/^[/\\]+/, '')
    try {
      const body = await readFile(join(uiDir, name))
      response.writeHead(200, { 'Content-Type': types[name.split('.').pop() ?? ''] ?? 'application/octet-stream' }).end(body)
    } catch {
      // No such file in the built page.
      response.writeHead(404).end()
    }
  }

  const server = new WebSocketServer({ noServer: true })
  http.on('upgrade', (request, socket, head) => {
    if (fake.down || fake.signedOut) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n')
      return
    }
    server.handleUpgrade(request, socket, head, (line) => accept(line))
  })

  function accept(line: WebSocket): void {
    const state = { seq: 0, messages: new Set<string>() }
    sockets.set(line, state)
    line.on('close', () => sockets.delete(line))
    line.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { id: string; method: string; params?: Record<string, unknown> }
      void handle(line, frame.id, frame.method, frame.params ?? {})
    })
    line.send(JSON.stringify({ type: 'event', event: 'connect.challenge', payload: { nonce: 'n', ts: Date.now() } }))
  }

  function tell(event: string, payload: unknown, wants: (state: { messages: Set<string> }) => boolean = () => true): void {
    for (const [line, state] of sockets) {
      if (!wants(state)) continue
      state.seq += 1
      line.send(JSON.stringify({ type: 'event', event, payload, seq: state.seq }))
    }
  }

  function session(key: string): FakeSession {
    const known = fake.sessions.get(key)
    if (known !== undefined) return known
    const fresh: FakeSession = { key, messages: [], row: { key, kind: 'direct', updatedAt: Date.now(), modelChosen: false } }
    fake.sessions.set(key, fresh)
    return fresh
  }

  function append(key: string, message: FakeMessage, runId: string): void {
    counter += 1
    const id = `entry-${counter}`
    const full = { ...message, timestamp: Date.now(), __openclaw: { id, seq: counter, runId } }
    session(key).messages.push(full)
    tell('session.message', { sessionKey: key, message: full, messageId: id, messageSeq: counter }, (state) => state.messages.has(key))
  }

  function rowOf(one: FakeSession): Record<string, unknown> {
    const { provider, model } = fake.defaultModel
    const active = [...runs].flatMap(([id, run]) => (run.key === one.key ? [id] : []))
    return { modelProvider: provider, model, ...one.row, isMain: one.key === main, hasActiveRun: active.length > 0, activeRunIds: active }
  }

  async function run(key: string, runId: string, text: string): Promise<void> {
    const steps = fake.answer(text)
    if (steps === 'command') {
      seen.set(runId, 'answered')
      tell('chat', { runId, sessionKey: key, seq: 0, state: 'final', message: { role: 'assistant', content: [{ type: 'text', text: `Ran ${text}` }], timestamp: Date.now() } })
      return
    }
    let stop = (): void => undefined
    const stopped = new Promise<void>((resolve) => {
      stop = resolve
    })
    let isStopped = false
    runs.set(runId, { key, stopped, stop: () => { isStopped = true; stop() } })
    const { provider, model } = fake.defaultModel
    const said = { sessionKey: key, runId, seq: 0 }
    append(key, { role: 'user', content: [{ type: 'text', text }], idempotencyKey: `${runId}:user` }, runId)
    tell('agent', { ...said, stream: 'lifecycle', ts: Date.now(), data: { phase: 'start' } })
    tell('agent', { ...said, stream: 'lifecycle', ts: Date.now(), data: { phase: 'model', provider, model } })
    let words = ''
    let blocks: unknown[] = []
    const finish = (stopReason: string): void => {
      if (blocks.length > 0) append(key, { role: 'assistant', content: blocks, provider, model, stopReason }, runId)
      blocks = []
    }
    for (const step of steps) {
      if (isStopped) break
      switch (step.kind) {
        case 'text':
          for (const piece of step.text.match(/[\s\S]{1,12}/g) ?? []) {
            words += piece
            tell('chat', { ...said, state: 'delta', deltaText: piece, message: { role: 'assistant', content: [{ type: 'text', text: words }], timestamp: Date.now() } })
          }
          blocks.push({ type: 'text', text: step.text })
          break
        case 'thinking':
          tell('agent', { ...said, stream: 'thinking', ts: Date.now(), data: { text: step.text, delta: step.text } })
          blocks.push({ type: 'thinking', thinking: step.text })
          break
        case 'tool': {
          counter += 1
          const toolCallId = `call-${counter}`
          blocks.push({ type: 'toolCall', id: toolCallId, name: step.name, arguments: step.input })
          finish('toolUse')
          words = ''
          tell('agent', { ...said, stream: 'tool', ts: Date.now(), data: { phase: 'start', name: step.name, toolCallId, args: step.input } })
          const content = [{ type: 'text', text: step.result }]
          tell('agent', { ...said, stream: 'tool', ts: Date.now(), data: { phase: 'result', name: step.name, toolCallId, isError: step.isError === true, result: { content } } })
          append(key, { role: 'toolResult', toolCallId, toolName: step.name, isError: step.isError === true, content }, runId)
          break
        }
        case 'wait':
          await Promise.race([step.until, stopped])
          break
        case 'fail':
          runs.delete(runId)
          seen.set(runId, 'unanswered')
          tell('chat', { ...said, state: 'error', errorMessage: step.message, errorKind: step.errorKind ?? 'unknown' })
          return
      }
    }
    finish(isStopped ? 'aborted' : 'stop')
    runs.delete(runId)
    seen.set(runId, isStopped ? 'stopped' : 'answered')
    const message = words === '' ? undefined : { role: 'assistant', content: [{ type: 'text', text: words }], timestamp: Date.now() }
    tell('chat', isStopped ? { ...said, state: 'aborted', stopReason: 'rpc', message } : { ...said, state: 'final', message, model: `${provider}/${model}` })
    session(key).row['updatedAt'] = Date.now()
    tell('sessions.changed', { sessionKey: key, reason: 'agent.run.ended', ts: Date.now() })
  }

  const methods: Record<string, (params: Record<string, unknown>, line: WebSocket) => unknown> = {
    connect: async () => (await fake.holdHello, {
      type: 'hello-ok', protocol: 4, server: { version: '0.1.0', connId: 'c1' },
      features: { methods: [...new Set([...Object.keys(methods), ...Object.keys(fake.also)])], events: [] },
      snapshot: { presence: [], health: {}, stateVersion: { presence: 1, health: 1 }, uptimeMs: 1, sessionDefaults: { defaultAgentId: 'main', mainKey: 'main', mainSessionKey: main } },
      auth: { role: 'operator', scopes: ['operator.admin'] },
      policy: { maxPayload: 26_214_400, maxBufferedBytes: 52_428_800, tickIntervalMs: 30_000 },
    }),
    'sessions.list': () => ({
      ts: Date.now(), defaults: { modelProvider: fake.defaultModel.provider, model: fake.defaultModel.model, contextTokens: 1 },
      sessions: [...fake.sessions.values()].map(rowOf).toSorted((a, b) => Number(b['updatedAt']) - Number(a['updatedAt'])),
    }),
    'sessions.subscribe': () => ({ subscribed: true }),
    'sessions.messages.subscribe': (params, line) => {
      sockets.get(line)?.messages.add(String(params['key']))
      return { subscribed: true, key: params['key'] }
    },
    'sessions.messages.unsubscribe': (params, line) => {
      sockets.get(line)?.messages.delete(String(params['key']))
      return { subscribed: false, key: params['key'] }
    },
    'sessions.patch': (params) => {
      const { row } = session(String(params['key']))
      if ('label' in params) {
        if (params['label'] === null) delete row['label']
        else row['label'] = params['label']
      }
      if ('model' in params) {
        const [provider, ...rest] = String(params['model'] ?? '').split('/')
        if (params['model'] === null) {
          delete row['model']
          delete row['modelProvider']
        } else Object.assign(row, { modelProvider: provider, model: rest.join('/') })
        row['modelChosen'] = params['model'] !== null
      }
      return { ok: true, key: params['key'], entry: {} }
    },
    'sessions.reset': (params) => {
      session(String(params['key'])).messages = []
      tell('sessions.changed', { sessionKey: params['key'], reason: 'reset', ts: Date.now() })
      return { ok: true, key: params['key'], entry: {} }
    },
    'sessions.delete': (params) => {
      fake.sessions.delete(String(params['key']))
      tell('sessions.changed', { sessionKey: params['key'], reason: 'delete', ts: Date.now() })
      return { ok: true, key: params['key'], deleted: true, archived: [] }
    },
    'chat.history': (params) => {
      const key = String(params['sessionKey'])
      const one = fake.sessions.get(key)
      const all = one?.messages ?? []
      const end = Math.max(0, all.length - Number(params['offset'] ?? 0))
      const start = Math.max(0, end - Number(params['limit'] ?? 200))
      const messages = all.slice(start, end).map((message) => {
        const state = seen.get(String(message['idempotencyKey']).replace(/:user$/, ''))
        return state === undefined ? message : { ...message, progress: { state } }
      })
      return { sessionKey: key, messages, hasMore: start > 0, sessionInfo: one === undefined ? {} : rowOf(one) }
    },
    'chat.abort': async (params) => {
      const stoppedRuns = [...runs].filter(([, known]) => known.key === params['sessionKey'])
      for (const [, known] of stoppedRuns) known.stop()
      await new Promise((resolve) => setImmediate(resolve))
      return { ok: true, aborted: stoppedRuns.length > 0, runIds: stoppedRuns.map(([id]) => id) }
    },
    'models.list': () => ({ models: fake.models }),
    'models.status': () => ({ primary: `${fake.defaultModel.provider}/${fake.defaultModel.model}`, fallbacks: [], why: 'it is configured' }),
    'commands.list': () => ({
      commands: [
        { name: 'status', textAliases: ['/status'], description: 'How the gateway is', acceptsArgs: false },
        { name: 'stop', textAliases: ['/stop'], description: 'Stop the running answer', acceptsArgs: false },
        { name: 'model', textAliases: ['/model'], description: 'Show or choose the model', acceptsArgs: true, args: [{ name: 'model', description: '', type: 'string' }] },
      ],
    }),
    'channels.status': () => ({
      ts: Date.now(), channelOrder: fake.channels.map((one) => one.id), channelLabels: Object.fromEntries(fake.channels.map((one) => [one.id, one.label])),
      channelAccounts: Object.fromEntries(fake.channels.map((one) => [one.id, one.accounts])), channels: {}, channelMeta: [],
    }),
    'pairing.list': () => ({ requests: fake.pairing }),
    'pairing.approve': (params) => {
      fake.pairing = fake.pairing.filter((request) => request['code'] !== params['code'])
      return { ok: true }
    },
    'pairing.reject': (params) => {
      fake.pairing = fake.pairing.filter((request) => request['code'] !== params['code'])
      return { ok: true }
    },
    'device.pair.list': () => ({ pending: [], paired: [] }),
    'exec.approval.list': () => fake.approvals.filter((approval) => approval['state'] === 'pending'),
    'approval.history': () => ({ approvals: fake.approvals.toReversed() }),
    'exec.approval.resolve': async (params) => {
      await fake.holdAnswers
      const approval = fake.approvals.find((known) => known['id'] === params['id'] && known['state'] === 'pending')
      if (approval === undefined) throw new Error('That question is over.')
      Object.assign(approval, { state: params['decision'] === 'deny' ? 'denied' : 'allowed', decision: params['decision'], decidedBy: 'owner', decidedVia: 'webchat', decidedAtMs: Date.now() })
      tell('exec.approval.resolved', { id: params['id'], decision: params['decision'], resolvedBy: 'owner', ts: Date.now() })
      return { ok: true }
    },
    why: (params) => ({ lines: [`Message ${String(params['id'])}`, '  accepted 10:00:00 from the page', '  turn began 10:00:00 with acme/large', '  answered 10:00:02'], data: {} }),
    'chat.send': (params) => {
      const key = String(params['idempotencyKey'])
      const known = seen.get(key)
      if (known !== undefined) return { runId: key, status: known === 'accepted' ? 'in_flight' : 'ok' }
      seen.set(key, 'accepted')
      // The receipt is on the wire before the run's first event.
      setImmediate(() => void run(String(params['sessionKey']), key, String(params['message'])))
      return { runId: key, status: 'started' }
    },
  }

  async function handle(line: WebSocket, id: string, method: string, params: Record<string, unknown>): Promise<void> {
    fake.requests.push({ method, params })
    const reply = (body: Record<string, unknown>): void => {
      if (line.readyState === line.OPEN) line.send(JSON.stringify({ type: 'res', id, ...body }))
    }
    if (method === 'chat.send') {
      fake.sent.push(params as unknown as FakeGateway['sent'][number])
      if (fake.refuseNext !== undefined) {
        const message = fake.refuseNext
        fake.refuseNext = undefined
        return reply({ ok: false, error: { code: 'INVALID_REQUEST', message } })
      }
      if (fake.loseNextReceipt) {
        fake.loseNextReceipt = false
        void methods['chat.send']?.(params, line)
        return line.terminate()
      }
    }
    const known = Object.hasOwn(fake.also, method) ? fake.also[method] : Object.hasOwn(methods, method) ? methods[method] : undefined
    if (known === undefined) return reply({ ok: false, error: { code: 'INVALID_REQUEST', message: `unknown method: ${method}` } })
    try {
      reply({ ok: true, payload: await known(params, line) })
    } catch (error) {
      reply({ ok: false, error: { code: 'INVALID_REQUEST', message: error instanceof Error ? error.message : String(error) } })
    }
  }

  const fake: FakeGateway = {
    url: '',
    sessions: new Map(),
    sent: [],
    requests: [],
    pairing: [],
    approvals: [],
    ask(question) {
      counter += 1
      const { command, sessionKey, ...rest } = question
      const approval = {
        id: `ap-${counter}`, code: 'K7QX', tool: 'run', detail: String(command ?? ''), reason: 'It reaches outside.', always: null, principal: 'owner', state: 'pending',
        decidedBy: null, decidedVia: null, decidedAtMs: null, createdAtMs: Date.now(), expiresAtMs: Date.now() + 600_000,
        request: { command: command ?? 'run: true', cwd: null, host: null, security: null, ask: null, agentId: 'main', resolvedPath: null, sessionKey: sessionKey ?? main },
        ...rest,
      }
      fake.approvals.push(approval)
      if (approval.state === 'pending') tell('exec.approval.requested', approval)
    },
    holdHello: undefined,
    holdAnswers: undefined,
    also: {},
    channels: [],
    models: [
      { id: 'large', name: 'Acme Large', provider: 'acme', available: true, input: ['text', 'image'] },
      { id: 'small', name: 'Acme Small', provider: 'acme', available: true, input: ['text'] },
      { id: 'assistant', name: 'Built-in assistant', provider: 'builtin', available: true, input: ['text'] },
      { id: 'other', name: 'Other', provider: 'elsewhere', available: false, input: ['text'] },
    ],
    defaultModel: { provider: 'acme', model: 'large' },
    answer: (text) => (text.startsWith('/') ? 'command' : [{ kind: 'text', text: `You said: ${text}` }]),
    cut() {
      for (const line of sockets.keys()) line.terminate()
    },
    down: false,
    signedOut: false,
    loseNextReceipt: false,
    refuseNext: undefined,
    files: new Map(),
    emit: (event, payload) => tell(event, payload),
    async close() {
      for (const known of runs.values()) known.stop()
      for (const line of sockets.keys()) line.terminate()
      server.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
  session(main)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  fake.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`
  return fake
}

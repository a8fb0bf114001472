import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import type { Clock, Tool } from '@moltbot/contract'
import { FakeClock } from '../../contract/src/testing/fake-clock.ts'
import { startGateway, type Gateway, type StartOptions } from '../../gateway/src/main.ts'
import { echoModel, startModelServer, type ModelServer, type Script, type WireFormat } from '../fakes/model-servers/index.ts'
import { startTelegramServer, type TelegramServer, type TelegramServerOptions } from '../fakes/telegram-server/index.ts'

export const botToken = '123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi'

export interface TestGateway {
  gateway: Gateway
  model: ModelServer
  telegram: TelegramServer
  stateDir: string
  /** The configuration as the owner edits it. */
  configFile: string
  token: string
  /** Stops the gateway cleanly and starts it again on the same state. */
  restart(): Promise<void>
  /** Only stops or only starts; `restart` is both. */
  stop(): Promise<void>
  start(): Promise<void>
  /** An operator's connection (protocol 4). */
  connect(): Promise<TestClient>
  /** The Telegram id 1001 becomes the owner, by the way a person would: code, then approval from outside the chat. */
  pairOwner(id?: number): Promise<void>
  /** Every message and delivery has its end; rejects with what has not. */
  quiet(timeoutMs?: number): Promise<void>
  close(): Promise<void>
}

export interface TestGatewayOptions {
  script?: Script
  format?: WireFormat
  /** Merged over the test configuration, as in the file. As a function: it may name the scripted model's address. */
  config?: Record<string, unknown> | ((model: ModelServer) => Record<string, unknown>)
  /** `telegram: false` leaves the channel out. */
  telegram?: boolean
  /** Without a scripted model the built-in assistant answers. */
  builtin?: boolean
  environment?: Record<string, string>
  /** How the Telegram beside it behaves; `privacy: false` lets the bot read whole groups. */
  telegramServer?: Omit<TelegramServerOptions, 'token'>
  clock?: Clock
  /** In place of the shelf's tools. */
  tools?: readonly Tool[]
  /** In place of the network that tools reach. */
  network?: StartOptions['network']
  /** In place of the program that reads documents, from its source. */
  reader?: StartOptions['reader']
  /** The folder of the built page. Absent: no page. */
  uiDir?: string
  /** Writes the backups that make themselves. Absent: none do. */
  makeBackup?: StartOptions['makeBackup']
}

function merge(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key]
    merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value
  }
  return merged
}
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What does not end by itself is given up after a while, and no while passes on a clock that only a test moves. */
async function closeInTime(gateway: Gateway, clock: Clock | undefined): Promise<void> {
  const passing = clock instanceof FakeClock ? setInterval(() => void clock.advance(5_000), 1_000) : undefined
  try {
    await gateway.close()
  } finally {
    clearInterval(passing)
  }
}

/** The whole gateway in this process, on a fresh state directory, with a scripted model and a Telegram server beside it. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const home = mkdtempSync(join(tmpdir(), 'moltbot-journey-'))
  const stateDir = join(home, '.moltbot')
  mkdirSync(stateDir, { mode: 0o700 })
  const model = await startModelServer(options.script ?? echoModel())
  const telegram = await startTelegramServer({ ...options.telegramServer, token: botToken })
  const format = options.format ?? 'anthropic-messages'
  const config = merge({
    gateway: { port: 0, auth: { mode: 'token', token: 'journey-token-0123456789abcdef0123456789abcdef' } },
    logging: { level: 'debug' },
    ...(options.builtin === true ? {} : {
      models: { providers: { test: { baseUrl: model.baseUrl(format), apiKey: 'test-key', api: format, models: [{ id: 'test-model', contextWindow: 100_000, maxTokens: 4096, input: ['text', 'image'] }] } } },
      agents: { defaults: { model: { primary: 'test/test-model' } } },
    }),
    ...(options.telegram === false ? {} : { channels: { telegram: { botToken, apiRoot: telegram.apiRoot } } }),
  }, (typeof options.config === 'function' ? options.config(model) : options.config) ?? {})
  writeFileSync(join(stateDir, 'moltbot.json'), JSON.stringify(config, null, 2), { mode: 0o600 })

  const clients: TestClient[] = []
  const harness = {
    model, telegram, stateDir, configFile: join(stateDir, 'moltbot.json'), token: 'journey-token-0123456789abcdef0123456789abcdef',
    async start() {
      harness.gateway = await startGateway({
        stateDir, environment: options.environment ?? {}, version: '0.0.0-test', uiDir: options.uiDir, vaultKeyFile: join(home, 'vault.key'), port: 0,
        ...(options.clock === undefined ? {} : { clock: options.clock }), ...(options.tools === undefined ? {} : { tools: options.tools }), ...(options.network === undefined ? {} : { network: options.network }), ...(options.reader === undefined ? {} : { reader: options.reader }), ...(options.makeBackup === undefined ? {} : { makeBackup: options.makeBackup }),
      })
    },
    async stop() {
      for (const client of clients.splice(0)) client.close()
      await closeInTime(harness.gateway, options.clock)
    },
    async restart() {
      await harness.stop()
      await harness.start()
    },
    async connect() {
      const client = await connectClient(harness.gateway.port, harness.token)
      clients.push(client)
      return client
    },
    async pairOwner(id = 1001) {
      const user = telegram.user(id, { name: 'Olga Owner' })
      telegram.say(user, 'hello?')
      await telegram.nextSent((message) => message.chatId === id)
      const [request] = await harness.gateway.rooms.guard.pending()
      if (request === undefined) throw new Error('nobody asked to pair')
      await harness.gateway.rooms.guard.approve(request.channel, request.code, { via: 'cli', principal: 'owner' as never })
    },
    async quiet(timeoutMs = 60_000) {
      const until = Date.now() + timeoutMs
      for (;;) {
        const [inbox, outbox] = await Promise.all([harness.gateway.rooms.inbox.counts(), harness.gateway.rooms.outbox.counts()])
        if (inbox.open === 0 && outbox.waiting === 0) return
        if (Date.now() > until) throw new Error(`not quiet: ${JSON.stringify({ inbox, outbox })}`)
        await new Promise((resolve) => setTimeout(resolve, 15))
      }
    },
    async close() {
      await harness.stop().catch(() => undefined)
      await Promise.all([model.close(), telegram.close()])
      rmSync(home, { recursive: true, force: true })
    },
  } as TestGateway
  await harness.start()
  return harness
}

/** One event of the wire. */
export interface WireEvent { event: string; payload: Record<string, unknown> }

export interface TestClient {
  hello: Record<string, unknown>
  events: WireEvent[]
  /** Rejects with the gateway's own sentence. */
  request(method: string, params?: Record<string, unknown>): Promise<Record<string, unknown>>
  /** The next (or an earlier) event that matches. */
  until(matches: (event: WireEvent) => boolean, what: string, timeoutMs?: number): Promise<WireEvent>
  /** Sends words to a session and resolves with the text of the final answer. */
  ask(text: string, session?: string): Promise<string>
  close(): void
}

/** A client of the WebSocket door, as small as a client can be. */
export async function connectClient(port: number, token: string, protocol: { min: number; max: number } = { min: 3, max: 4 }): Promise<TestClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  const events: WireEvent[] = []
  const pending = new Map<string, { resolve: (payload: Record<string, unknown>) => void; reject: (error: Error) => void }>()
  const watchers = new Set<() => void>()
  let count = 0
  const send = (method: string, params: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const id = `r${++count}`
    return new Promise((resolve, reject) => {
      pending.set(id, { resolve, reject })
      socket.send(JSON.stringify({ type: 'req', id, method, params }))
    })
  }
  const challenged = new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { type: string; id?: string; ok?: boolean; payload?: Record<string, unknown>; error?: { message: string }; event?: string }
      if (frame.type === 'event') {
        events.push({ event: frame.event ?? '', payload: frame.payload ?? {} })
        if (frame.event === 'connect.challenge') resolve()
        watchers.forEach((watch) => watch())
        return
      }
      const waiting = pending.get(frame.id ?? '')
      if (waiting === undefined) return
      pending.delete(frame.id ?? '')
      if (frame.ok === true) waiting.resolve(frame.payload ?? {})
      else waiting.reject(new Error(frame.error?.message ?? 'refused'))
    })
  })
  await challenged
  const hello = await send('connect', {
    minProtocol: protocol.min, maxProtocol: protocol.max, client: { id: 'gateway-client', version: '0', platform: 'test', mode: 'backend' }, role: 'operator', scopes: ['operator.admin'], auth: { token },
  })
  const client: TestClient = {
    hello, events,
    request: (method, params = {}) => send(method, params),
    until(matches, what, timeoutMs = 60_000) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          watchers.delete(look)
          reject(new Error(`waited for ${what}; saw ${events.map((event) => `${event.event}:${String(event.payload['state'] ?? '')}`).join(' ')}`))
        }, timeoutMs)
        const look = (): void => {
          const found = events.find(matches)
          if (found === undefined) return
          clearTimeout(timer)
          watchers.delete(look)
          resolve(found)
        }
        watchers.add(look)
        look()
      })
    },
    async ask(text, session = 'main') {
      const key = `ask-${++count}-${Math.random().toString(36).slice(2)}`
      await send('chat.send', { sessionKey: session, message: text, idempotencyKey: key })
      const final = await client.until((event) => event.event === 'chat' && event.payload['runId'] === key && event.payload['state'] !== 'delta', `the answer to "${text}"`)
      if (final.payload['state'] !== 'final') throw new Error(`${String(final.payload['state'])}: ${String(final.payload['errorMessage'] ?? '')}`)
      return textOfMessage(final.payload['message'])
    },
    close: () => socket.close(),
  }
  return client
}

/** The text of a message as the wire carries it. */
export function textOfMessage(message: unknown): string {
  const content = (message as { content?: unknown } | undefined)?.content
  if (typeof content === 'string') return content
  return Array.isArray(content) ? content.map((part: { type?: string; text?: string }) => (part.type === 'text' ? (part.text ?? '') : '')).join('') : ''
}

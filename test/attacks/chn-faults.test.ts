/**
 * The matrix of faults: on every network, whatever its server answers while we listen or write. Each time the account recovers by itself or
 * says what a person has to do; nothing is lost, nothing doubled, and the order stays. (What a line does that stays open and silent, is cut after a message was
 * accepted, or refuses the login for good is in the suite every channel passes; WhatsApp's slow upload is beside its other uploads.)
 */
import { SendProblem, type Channel, type ChatRef, type Clock, type Connection } from '@moltbot/contract'
import { createTestHost, fastClock, type TestHost } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { discord } from '../../channels/discord/src/index.ts'
import { imessage } from '../../channels/imessage/src/index.ts'
import { signal } from '../../channels/signal/src/index.ts'
import { slack } from '../../channels/slack/src/index.ts'
import { telegram } from '../../channels/telegram/src/index.ts'
import { whatsapp } from '../../channels/whatsapp/src/index.ts'
import { startBlueBubblesServer } from '../fakes/bluebubbles-server/index.ts'
import { startDiscordServer } from '../fakes/discord-server/index.ts'
import { startSignalServer } from '../fakes/signal-server/index.ts'
import { startSlackServer } from '../fakes/slack-server/index.ts'
import { startTelegramServer } from '../fakes/telegram-server/index.ts'
import { startSlowLine, type SlowLine } from '../fakes/slow-line.ts'
import { linkDevice, startWhatsAppServer } from '../fakes/whatsapp-server/index.ts'

/** One answer of a server that is none. `waitSeconds`: how long it asks us to wait. */
interface Fault { status: number; waitSeconds?: number; page?: true }
const answers: readonly (readonly [string, Fault])[] = [
  ...[401, 403, 408, 409, 428, 429, 440, 500].map((status) => [String(status), { status }] as const),
  ['429 with a wait', { status: 429, waitSeconds: 1 }], ['503 with a page', { status: 503, page: true }], ['a page in place of an answer', { status: 200, page: true }],
]

interface Played {
  channel: Channel
  config: Record<string, unknown>
  secrets: Record<string, string>
  /** Who we are, where a network gives a device keys of its own. */
  sealed?: Map<string, string>
  /** A new line brings what waited before it is said to stand, and takes words only then. */
  bringsEarly?: true
  say(text: string): void
  texts(): string[]
  /** The next time we listen. */
  spoilListening(fault: Fault): void
  /** The next message of ours. */
  spoilSending(fault: Fault): void
  cut(): void
  /** The next message of ours is taken, and the line is cut in place of a confirmation; absent where the suite of every channel has it. */
  cutAfterTaking?(): void
  /** The configuration by which the account goes another way to its server, and how many files lie there; absent: WhatsApp's own tests have it. */
  slowly?: { port: number; by(line: SlowLine): Record<string, unknown>; files(): number }
  close(): Promise<unknown>
}

const page = '<html><title>Sign in to the hotel</title></html>'
const retryAfter = ({ waitSeconds }: Fault): { headers?: Record<string, string> } => (waitSeconds === undefined ? {} : { headers: { 'retry-after': String(waitSeconds) } })

const networks: Record<string, () => Promise<Played>> = {
  async Telegram() {
    const server = await startTelegramServer({ longPollMaxMs: 200 })
    const anna = server.user(11, { name: 'Anna' })
    const spoil = (method: string, { status, waitSeconds, page: isPage }: Fault): void =>
      server.fault(method, { status, ...(isPage === true ? { body: page } : { description: `fault ${status}` }), ...(waitSeconds === undefined ? {} : { retryAfter: waitSeconds }) })
    return {
      channel: telegram as never, config: { apiRoot: server.apiRoot }, secrets: { botToken: server.token }, say: (text) => void server.say(anna, text), texts: () => server.sent.map(({ text }) => text),
      slowly: { port: Number(new URL(server.apiRoot).port), by: (line) => ({ apiRoot: line.through(server.apiRoot) }), files: () => server.sent.filter(({ file }) => file !== undefined).length },
      spoilListening: (fault) => spoil('getUpdates', fault), spoilSending: (fault) => spoil('sendMessage', fault), cut: () => server.dropConnections(), close: () => server.close(),
    }
  },
  async Discord() {
    const server = await startDiscordServer({ heartbeatMs: 1_000 })
    const anna = server.person('Anna')
    const spoil = (route: string, fault: Fault): void => {
      const wait = fault.waitSeconds ?? 0.5
      server.fault(route, { status: fault.status, body: (fault.page === true ? page : { message: 'fault', code: 0, ...(fault.status === 429 ? { retry_after: wait, global: false } : {}) }) as never, ...(fault.status === 429 ? { headers: { 'retry-after': String(wait) } } : {}) })
    }
    return {
      channel: discord as never, config: { apiRoot: server.apiRoot }, secrets: { token: server.token }, say: (text) => void server.say(anna, text), texts: () => server.sent.map(({ text }) => text),
      slowly: { port: server.port, by: (line) => ({ apiRoot: line.through(server.apiRoot) }), files: () => server.sent.flatMap(({ files }) => files).length },
      spoilListening(fault) {
        spoil('GET /gateway/bot', fault)
        server.gateway.forgetSessions()
        server.gateway.dropSockets()
      },
      spoilSending: (fault) => spoil('POST /channels/:id/messages', fault), cut: () => server.gateway.dropSockets(), close: () => server.close(),
    }
  },
  async Slack() {
    const server = await startSlackServer()
    const anna = server.person('Anna')
    const spoil = (method: string, fault: Fault): void => server.fault(method, { status: fault.status, body: fault.page === true ? page : { ok: false, error: 'fault' }, ...retryAfter(fault) })
    return {
      channel: slack as never, config: { apiRoot: server.apiRoot }, secrets: { botToken: server.botToken, appToken: server.appToken }, say: (text) => void server.say(anna, text), texts: () => server.sent.map(({ text }) => text),
      slowly: {
        port: server.port, files: () => server.sent.filter(({ file }) => file !== undefined).length,
        by(line) {
          server.uploadsAt = line.through(`http://127.0.0.1:${server.port}`)
          return {}
        },
      },
      spoilListening(fault) {
        spoil('apps.connections.open', fault)
        server.socket.dropSockets()
      },
      spoilSending: (fault) => spoil('chat.postMessage', fault), cut: () => server.socket.dropSockets(), close: () => server.close(),
    }
  },
  async Signal() {
    const server = await startSignalServer()
    const anna = server.person('Anna')
    const spoil = (method: string, fault: Fault): void => server.fault(method, { status: fault.status, ...(fault.page === true ? { body: page } : {}) })
    return {
      channel: signal as never, config: { enabled: true, httpUrl: server.url }, secrets: {}, say: (text) => void server.say(anna, text), texts: () => server.sent.map(({ text }) => text),
      slowly: { port: Number(new URL(server.url).port), by: (line) => ({ httpUrl: line.through(server.url) }), files: () => server.sent.filter(({ file }) => file !== undefined).length },
      spoilListening(fault) {
        spoil('events', fault)
        server.dropStreams()
      },
      spoilSending: (fault) => spoil('send', fault), cut: () => server.dropStreams(), close: () => server.close(),
    }
  },
  async iMessage() {
    const server = await startBlueBubblesServer()
    const spoil = (route: string, fault: Fault): void => server.fault(route, { status: fault.status, ...(fault.page === true ? { body: page } : {}) })
    return {
      channel: imessage as never, config: { enabled: true, serverUrl: server.url, pollSeconds: 1 }, secrets: { password: server.password }, say: (text) => void server.say('+4915550101', text), texts: () => server.sent.map(({ text }) => text),
      slowly: { port: Number(new URL(server.url).port), by: (line) => ({ serverUrl: line.through(server.url) }), files: () => server.sent.filter(({ file }) => file !== undefined).length },
      spoilListening: (fault) => spoil('POST /message/query', fault), spoilSending: (fault) => spoil('POST /message/text', fault), cut: () => server.dropSockets(), close: () => server.close(),
    }
  },
  async WhatsApp() {
    const server = await startWhatsAppServer()
    const sealed = new Map<string, string>()
    const config = { enabled: true, apiRoot: server.apiRoot }
    await linkDevice(server, whatsapp as never, Value.Default(whatsapp.config.schema, structuredClone(config)) as never, createTestHost({ sealed }))
    const anna = server.person('Anna')
    return {
      channel: whatsapp as never, config, secrets: {}, sealed, bringsEarly: true, say: (text) => void server.say(anna, text), texts: () => server.sent.map(({ text }) => text),
      spoilListening({ status, page: isPage }) {
        if (isPage === true) {
          server.answerNextLine(status, page)
          server.cut()
        } else if (status === 440) server.endWith(440, 'conflict', { type: 'replaced' })
        else server.endWith(status)
      },
      // A message is a node on a line that stands: no page can come in place of its answer.
      spoilSending: ({ status }) => (status === 200 ? undefined : server.refuseNext(status)), cut: () => server.cut(), cutAfterTaking: () => server.cutAfterAccept(), close: () => server.close(),
    }
  },
}

/** A clock that can leap, as after a sleep of the machine or when somebody sets it. */
function leapingClock(speed: number): Clock & { leap(ms: number): void } {
  const base = fastClock(speed)
  let leapt = 0
  return { now: () => base.now() + leapt, after: base.after, leap: (ms) => void (leapt += ms) }
}

const hour = 60 * 60 * 1_000
const never = new AbortController().signal

describe.each(Object.entries(networks))('CHN-21: the matrix of faults on %s', (name, start) => {
  let network: Played
  let clock: ReturnType<typeof leapingClock>
  let host: TestHost
  let connection: Connection
  let chat: ChatRef
  let key = 0
  const said: string[] = []
  /** What every life of the account took, in order. */
  const heard: string[] = []
  const known = new Set<string>()
  const memory = new Map<string, string>()

  async function open(more: Record<string, unknown> = {}): Promise<void> {
    host = createTestHost({ secrets: network.secrets, clock, known, memory, ...(network.sealed === undefined ? {} : { sealed: network.sealed }) })
    connection = await network.channel.connect(Value.Default(network.channel.config.schema, structuredClone({ ...network.config, ...more })) as never, host)
  }
  async function stop(): Promise<void> {
    await connection.close()
    heard.push(...host.taken.map(({ text }) => text))
  }
  const isHeard = (text: string): boolean => host.taken.some((message) => message.text === text)
  async function hear(text: string, spoil: () => void): Promise<void> {
    spoil()
    network.say(text)
    said.push(text)
    await host.until(() => isHeard(text) || host.reports.at(-1)?.kind === 'needs-you', `"${text}" or what to do`, 90_000)
    const last = host.reports.at(-1)
    if (isHeard(text) || last?.kind !== 'needs-you') return stands()
    expect(last.action.length).toBeGreaterThan(10)
    // It was mended by a person, and the account is opened again.
    await stop()
    await open()
    await host.until(() => isHeard(text), `"${text}" once that was mended`, 90_000)
    await stands()
  }
  const stands = (): Promise<void> => (network.bringsEarly === true ? host.until(() => host.reports.at(-1)?.kind === 'connected', 'a line that stands', 90_000) : Promise.resolve())
  const again = (markdown: string, name: string): Promise<string> => connection.send(chat, { key: name, markdown } as never, never).then(() => 'sent', (error: unknown) => (error instanceof SendProblem ? error.outcome : `no SendProblem: ${String(error)}`))

  beforeAll(async () => {
    network = await start()
    // Slack's SDK gives its signs of life by the real time: a faster clock would miss them.
    clock = leapingClock(name === 'Slack' ? 10 : 30)
    await open()
    await hear('first', () => undefined)
    chat = host.taken[0]?.chat as ChatRef
  })
  afterAll(async () => {
    await connection.close()
    await network.close()
  })

  it.each(answers)('CHN-21: %s while it listens, and to a message of ours', async (what, fault) => {
    // The line stood for a while: its pauses are short again.
    clock.leap(hour / 6)
    await hear(`after ${what}`, () => network.spoilListening(fault))
    const [text, id] = [`answer to ${what}`, `key-${++key}`]
    network.spoilSending(fault)
    const outcome = await again(text, id)
    const there = (): number => network.texts().filter((one) => one === text).length
    expect([outcome, there()]).toEqual([outcome === 'sent' ? 'sent' : expect.stringMatching(/^(?:not-sent|never|unknown)$/), outcome === 'sent' ? 1 : 0])
    if (outcome === 'not-sent') expect([await again(text, id), there()]).toEqual(['sent', 1])
    await hear(`and after ${what}`, () => undefined)
  })

  it.each([
    ['two hours of sleep', () => { clock.leap(2 * hour); network.cut() }], ['a clock that was set an hour ahead', () => clock.leap(hour)], ['a clock that was set an hour back', () => clock.leap(-hour)], ['a line that breaks', () => network.cut()],
  ] as const)('CHN-21: %s', async (what, spoil) => {
    await hear(`after ${what}`, spoil)
    expect(await again(`answer to ${what}`, `key-${++key}`)).toBe('sent')
  })

  // The suite of every channel has it for the others; it is here where the network's own ids make a repetition safe.
  if (name === 'WhatsApp') it('CHN-21: a message that was taken just before the line broke', async () => {
    network.cutAfterTaking?.()
    expect(await again('taken and cut', 'cut')).toBe('unknown')
    await hear('after the cut', () => undefined)
    // The network knows the message by its id, so that saying it once more is safe.
    expect(await again('taken and cut', 'cut')).toBe('sent')
    expect(network.texts().filter((one) => one === 'taken and cut')).toHaveLength(1)
  })

  if (name !== 'WhatsApp') it('CHN-21: a slow upload ends when its time is up, words go by it, and the file goes once', async () => {
    const slowly = network.slowly ?? expect.fail('there is no slow way to it')
    const line = await startSlowLine(slowly.port)
    await stop()
    await open(slowly.by(line))
    const bytes = Buffer.alloc(2 ** 20, 'slow ')
    const message = { key: 'slow', markdown: '', file: { kind: 'document', fileName: 'slow.txt', mimeType: 'text/plain', sizeBytes: bytes.length, bytes: async () => bytes } } as never
    const upload = (signal: AbortSignal): Promise<string> => connection.send(chat, message, signal).then(() => 'sent', (error: unknown) => (error instanceof SendProblem ? error.outcome : `no SendProblem: ${String(error)}`))
    line.slowAfter(2 ** 18)
    const timeIsUp = new AbortController()
    const first = upload(timeIsUp.signal)
    await line.isSlow()
    timeIsUp.abort()
    expect(await first).toMatch(/^(?:not-sent|unknown)$/)
    expect(await again('words after it', 'after-slow')).toBe('sent')
    line.mend()
    expect([await upload(never), slowly.files()]).toEqual(['sent', 1])
    await stop()
    await line.close()
    await open()
  })

  it('CHN-21: nothing of all that was lost or doubled, and it came in order', async () => {
    await stop()
    expect(heard).toEqual(said)
    await open()
  })
})

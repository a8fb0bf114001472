import { ConnectProblem, type ChannelHost } from '@moltbot/contract'
import type { SignalConfig } from './config.ts'

const callPatienceMs = 30_000
/** What an answer may have beyond the file it brings. */
const answerBytesMax = 2 * 1024 * 1024

/** signal-cli said no. Codes: -1 the request, -3 the network, -4 a safety number nobody confirmed, -5 too fast; -326xx the protocol's own. */
export class RpcProblem extends Error {
  readonly code: number
  readonly data: unknown
  constructor(code: number, message: string, data: unknown) {
    super(message)
    this.name = 'RpcProblem'
    this.code = code
    this.data = data
  }
}

/** An answer that is not what the daemon promises: something else answers at its address. */
export class ForeignAnswer extends Error {
  constructor() {
    super('The answer did not come from signal-cli.')
    this.name = 'ForeignAnswer'
  }
}

/** `forAll`: about the daemon as a whole, not about the account. */
export interface CallOptions { signal?: AbortSignal; bytesMax?: number; patienceMs?: number; forAll?: boolean }

export interface SignalDaemon {
  /** Rejects with `RpcProblem`, `ForeignAnswer`, or what `fetch` rejects with. `account` is added where the daemon has several. */
  call(method: string, params?: Record<string, unknown>, options?: CallOptions): Promise<unknown>
  /** The same by the way out that everything takes which comes with messages. Rejects with `RpcProblem`, `ForeignAnswer`, or a `Problem`. */
  media(method: string, params: Record<string, unknown>, limits: { bytesMax: number; patienceMs: number }): Promise<unknown>
  /** The stream of what arrives, as the response of `GET /api/v1/events`. */
  events(signal: AbortSignal): Promise<Response>
  /** Whether the daemon answers at all. */
  answers(signal: AbortSignal): Promise<boolean>
  account: string | undefined
}

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** The daemon's origin, for what is fetched from it. Undefined: the configured address is none that would be spoken to. */
export function originOf(config: Pick<SignalConfig, 'autoStart' | 'httpUrl' | 'httpHost' | 'httpPort'>): string | undefined {
  try {
    return new URL(addressOf(config.autoStart ? { ...config, httpUrl: undefined } : config)).origin
  } catch {
    // Opening the account says what is wrong with it.
    return undefined
  }
}

/** Rejects an address that is neither on this computer nor encrypted. */
export function addressOf(config: Pick<SignalConfig, 'httpUrl' | 'httpHost' | 'httpPort'>): string {
  const given = config.httpUrl ?? `http://${config.httpHost.includes(':') ? `[${config.httpHost}]` : config.httpHost}:${config.httpPort}`
  try {
    const url = new URL(given)
    if (url.username === '' && url.password === '' && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback.test(url.hostname)))) return url.href.replace(/(?<!\/)\/+$/, '')
  } catch {
    // Not an address at all; said below.
  }
  throw new ConnectProblem('signal-cli’s address is neither on this computer nor https.', { permanent: true, next: 'Correct channels.signal.httpUrl, or remove it for http://127.0.0.1:8080.' })
}

export function openDaemon(root: string, account: string | undefined, host: Pick<ChannelHost, 'fetch' | 'clock' | 'media'>): SignalDaemon {
  let lastId = 0
  const address = `${root}/api/v1/rpc`
  const question = (method: string, params: Record<string, unknown>, forAll = false): string =>
    JSON.stringify({ jsonrpc: '2.0', id: `m${++lastId}`, method, params: forAll || daemon.account === undefined ? params : { account: daemon.account, ...params } })

  const daemon: SignalDaemon = {
    account,
    async call(method, params = {}, { signal, bytesMax = answerBytesMax, patienceMs = callPatienceMs, forAll = false } = {}) {
      const controller = new AbortController()
      const cancel = host.clock.after(patienceMs, () => controller.abort())
      try {
        const response = await host.fetch(address, {
          method: 'POST', redirect: 'error', headers: { 'content-type': 'application/json' },
          body: question(method, params, forAll),
          signal: signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]),
        })
        return readAnswer(await readText(response, bytesMax))
      } finally {
        cancel()
      }
    },
    async media(method, params, { bytesMax, patienceMs }) {
      const { bytes } = await host.media({ url: address, json: question(method, params), bytesMax, timeoutMs: patienceMs, signal: new AbortController().signal })
      return readAnswer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
    },
    events: (signal) =>
      host.fetch(`${root}/api/v1/events${daemon.account === undefined ? '' : `?account=${encodeURIComponent(daemon.account)}`}`, { signal, redirect: 'error', headers: { accept: 'text/event-stream' } }),
    async answers(signal) {
      try {
        const response = await host.fetch(`${root}/api/v1/check`, { signal, redirect: 'error' })
        await response.body?.cancel()
        return response.ok
      } catch {
        // Not yet, or not any more.
        return false
      }
    },
  }
  return daemon
}

function readAnswer(text: string): unknown {
  let answer: { jsonrpc?: unknown; result?: unknown; error?: { code?: unknown; message?: unknown; data?: unknown } }
  try {
    answer = JSON.parse(text) as typeof answer
  } catch {
    // Not JSON: something else answers there.
    throw new ForeignAnswer()
  }
  if (typeof answer !== 'object' || answer === null || answer.jsonrpc !== '2.0') throw new ForeignAnswer()
  if (answer.error === undefined) return answer.result
  throw new RpcProblem(Number(answer.error.code), String(answer.error.message ?? 'no reason given').slice(0, 300), answer.error.data)
}

async function readText(response: Response, bytesMax: number): Promise<string> {
  if (response.body === null) throw new ForeignAnswer()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > bytesMax) throw new ForeignAnswer()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

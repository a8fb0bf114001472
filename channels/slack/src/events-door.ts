import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage as HttpRequest, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConnectProblem, type ChannelHost } from '@moltbot/contract'
import type { SlackConfig } from './config.ts'
import type { Delivery, Taken } from './hand-over.ts'

const bodyBytesMax = 1024 * 1024
/** Slack's own advice: what was signed earlier or later than this is not Slack's, or not new. */
const windowSeconds = 300
/** After this many wrong signatures in a minute further wrong ones are told to wait; the right ones always get through. */
const wrongMax = 60
const signaturesKept = 20_000
const challengePattern = /^[\w.=+/-]{1,500}$/

export interface EventsDoorOptions {
  host: ChannelHost
  config: SlackConfig
  signingSecret: string
  onDelivery(delivery: Delivery): Promise<Taken>
}

/**
 * HTTP mode: Slack delivers to a listener of our own. A delivery counts when its raw bytes carry Slack's signature, made in the last
 * five minutes and not used before; it is answered 200 only after it is durable, on any other answer Slack delivers it again.
 */
export async function openEventsDoor({ host, config, signingSecret, onDelivery }: EventsDoorOptions): Promise<{ port: number; close(): Promise<void> }> {
  /** Signature → when it may be forgotten, epoch ms. */
  const used = new Map<string, number>()
  let wrong = { minute: 0, count: 0 }

  const server = createServer({ requestTimeout: 15_000, headersTimeout: 5_000, keepAliveTimeout: 65_000 }, (request, response) => {
    void answer(request, response).catch((error: unknown) => {
      host.log.warn('slack: a delivery failed', { error: error instanceof Error ? error.message : String(error) })
      if (!response.headersSent) end(response, 500)
    })
  })
  server.maxConnections = 100

  async function answer(request: HttpRequest, response: ServerResponse): Promise<void> {
    if ((request.url ?? '').split('?', 1)[0] !== config.webhookPath) return end(response, 404)
    if (request.method !== 'POST') return end(response, 405)
    const signed = readSignature(request)
    const bytes = signed === undefined ? undefined : await readBody(request)
    if (signed !== undefined && bytes === undefined) return refuse(response, 413)
    if (signed === undefined || bytes === undefined || !fits(signed, bytes)) return refuseWrong(response)
    forgetOld()
    if (used.has(signed.signature)) return end(response, 409)
    const delivery = readDelivery(bytes, request.headers['content-type'] ?? '')
    // Signed and still unreadable: delivering it again would not help.
    if (delivery === undefined) return end(response, 200)
    if ('challenge' in delivery) return end(response, 200, 'text/plain; charset=utf-8', delivery.challenge)
    used.set(signed.signature, (signed.timestamp + 2 * windowSeconds) * 1_000)
    const taken = await onDelivery(delivery)
    if (taken.kind === 'left') {
      used.delete(signed.signature)
      return end(response, 503)
    }
    if (taken.reply === undefined) return end(response, 200)
    end(response, 200, 'application/json', JSON.stringify({ response_type: 'ephemeral', text: taken.reply }))
  }

  function readSignature(request: HttpRequest): { timestamp: number; signature: string } | undefined {
    // Of each exactly one: which of two would count is not for a stranger to choose.
    const names = request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
    if (['x-slack-signature', 'x-slack-request-timestamp'].some((name) => names.filter((each) => each === name).length !== 1)) return undefined
    const signature = request.headers['x-slack-signature']
    const time = request.headers['x-slack-request-timestamp']
    if (typeof signature !== 'string' || !/^v0=[0-9a-f]{64}$/.test(signature) || typeof time !== 'string' || !/^\d{10}$/.test(time)) return undefined
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') return undefined
    const timestamp = Number(time)
    return Math.abs(host.clock.now() / 1_000 - timestamp) <= windowSeconds ? { timestamp, signature } : undefined
  }

  function fits({ timestamp, signature }: { timestamp: number; signature: string }, bytes: Buffer): boolean {
    const expected = `v0=${createHmac('sha256', signingSecret).update(`v0:${timestamp}:`).update(bytes).digest('hex')}`
    return timingSafeEqual(digest(signature), digest(expected))
  }

  function refuseWrong(response: ServerResponse): void {
    const minute = Math.floor(host.clock.now() / 60_000)
    if (wrong.minute !== minute) wrong = { minute, count: 0 }
    wrong.count += 1
    if (wrong.count === 1) host.log.warn('slack: a delivery without Slack’s signature was refused')
    refuse(response, wrong.count > wrongMax ? 429 : 401)
  }

  function forgetOld(): void {
    for (const [signature, until] of used) {
      if (until > host.clock.now() && used.size <= signaturesKept) return
      used.delete(signature)
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new ConnectProblem(`The listener for Slack could not open ${config.webhookHost}:${config.webhookPort}.`, { permanent: false, next: 'Choose another channels.slack.webhookPort, or stop what uses it.', cause }))
    })
    server.listen(config.webhookPort, config.webhookHost, resolve)
  })
  const { port } = server.address() as AddressInfo
  host.log.info('slack: the listener is open', { host: config.webhookHost, port, path: config.webhookPath })

  return {
    port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function end(response: ServerResponse, status: number, type?: string, text = ''): void {
  const headers: Record<string, string | number> = { 'content-length': Buffer.byteLength(text), 'x-content-type-options': 'nosniff' }
  if (type !== undefined) headers['content-type'] = type
  response.writeHead(status, headers).end(text)
}

function refuse(response: ServerResponse, status: number): void {
  response.setHeader('connection', 'close')
  end(response, status)
}

/** Events come as JSON, commands and buttons as forms. Undefined: neither. */
function readDelivery(bytes: Buffer, type: string): Delivery | { challenge: string } | undefined {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // Not text at all.
    return undefined
  }
  if (type.startsWith('application/x-www-form-urlencoded')) {
    const form = new URLSearchParams(text)
    const payload = form.get('payload')
    if (payload === null) return { type: 'slash_commands', body: Object.fromEntries(form) }
    const body = parse(payload)
    return body === undefined ? undefined : { type: 'interactive', body }
  }
  const body = parse(text) as { type?: unknown; challenge?: unknown } | undefined
  if (body === undefined) return undefined
  if (body.type !== 'url_verification') return { type: 'events_api', body }
  return typeof body.challenge === 'string' && challengePattern.test(body.challenge) ? { challenge: body.challenge } : undefined
}

function parse(text: string): object | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    // Not JSON.
    return undefined
  }
}

/** The body's bytes as they came; undefined when there are more than allowed. */
async function readBody(request: HttpRequest): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bodyBytesMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage as HttpRequest, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConnectProblem, type ChannelHost } from '@moltbot/contract'
import type { Update } from 'grammy/types'
import type { TelegramConfig } from './config.ts'
import { readFailure } from './failures.ts'
import type { HandOver } from './hand-over.ts'
import type { HealthKeeper } from './health.ts'
import { wantedUpdates } from './incoming.ts'
import type { Api } from './telegram-api.ts'

const bodyBytesMax = 1024 * 1024
/** After this many wrong secrets in a minute further wrong ones are not even compared; the right one always gets through. */
const wrongSecretsMax = 60
/** Telegram is asked whether it can reach us this often; that is also the proof of life while nobody writes. */
const lookEveryMs = 60_000

export interface WebhookOptions {
  api: Api
  host: ChannelHost
  config: TelegramConfig
  url: string
  secret: string
  handOver: HandOver
  health: HealthKeeper
}

/**
 * Webhook mode: Telegram delivers to a listener of our own. An update is answered 200 only after it is durable; on any
 * other answer Telegram delivers it again. Telegram hands over one update of a chat at a time, so a piece of a text or
 * album is answered as soon as it is held durably (`holding-place.ts`). Resolves with how to stop.
 */
export async function startWebhook({ api, host, config, url, secret, handOver, health }: WebhookOptions): Promise<() => Promise<void>> {
  if (!/^[A-Za-z0-9_-]{1,256}$/.test(secret)) {
    throw new ConnectProblem('The webhook secret is not one Telegram accepts.', { permanent: true, next: 'Set channels.telegram.webhookSecret to 1 to 256 of A–Z, a–z, 0–9, _ and -.' })
  }
  const expected = digest(secret)
  let wrong = { minute: 0, count: 0 }
  let cancelLook = (): void => {}
  let stopped = false

  const server = createServer({ requestTimeout: 15_000, headersTimeout: 5_000, keepAliveTimeout: 65_000 }, (request, response) => {
    void answer(request, response).catch((error: unknown) => {
      host.log.warn('telegram: a webhook delivery failed', { error: error instanceof Error ? error.message : String(error) })
      if (!response.headersSent) end(response, 500)
    })
  })
  server.maxConnections = 100

  async function answer(request: HttpRequest, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0]
    if (path !== config.webhookPath) return end(response, 404)
    if (request.method !== 'POST') return end(response, 405)
    const minute = Math.floor(host.clock.now() / 60_000)
    if (wrong.minute !== minute) wrong = { minute, count: 0 }
    const given = request.headers['x-telegram-bot-api-secret-token']
    if (typeof given !== 'string' || !timingSafeEqual(digest(given), expected)) {
      wrong.count += 1
      if (wrong.count === 1) host.log.warn('telegram: a request with a wrong webhook secret was refused')
      response.setHeader('connection', 'close')
      return end(response, wrong.count > wrongSecretsMax ? 429 : 401)
    }
    const text = await readBody(request)
    if (text === undefined) {
      response.setHeader('connection', 'close')
      return end(response, 413)
    }
    health.alive()
    let update: Update
    try {
      update = JSON.parse(text) as Update
    } catch {
      // Not JSON although the secret was right: delivering it again would not help.
      host.log.warn('telegram: a webhook delivery that is no JSON was skipped')
      return end(response, 200)
    }
    if (typeof update !== 'object' || update === null || !Number.isSafeInteger(update.update_id)) {
      host.log.warn('telegram: a webhook delivery without an update id was skipped')
      return end(response, 200)
    }
    await handOver.take(update)
    end(response, 200)
  }

  /** Asks Telegram how its deliveries go. */
  async function look(): Promise<void> {
    try {
      const info = await api.getWebhookInfo()
      const recentError = info.last_error_date !== undefined && host.clock.now() - info.last_error_date * 1_000 < 2 * lookEveryMs
      if (info.url !== url) health.needsYou('Telegram delivers this bot’s messages to another address.', 'Stop the other program, then restart this channel.')
      else if (recentError && info.pending_update_count > 0) health.retrying(`Telegram cannot deliver: ${info.last_error_message ?? 'no reason given'}.`, 1, host.clock.now() + lookEveryMs)
      else health.alive()
    } catch (error) {
      const failure = readFailure(error)
      if (failure.kind === 'answer' && failure.code === 401) health.needsYou('Telegram no longer accepts the bot token.', 'Get a new token from @BotFather and put it at channels.telegram.botToken.')
      else health.retrying(failure.kind === 'answer' ? failure.description : failure.reason, 1, host.clock.now() + lookEveryMs)
    }
    if (!stopped) cancelLook = host.clock.after(lookEveryMs, () => void look())
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new ConnectProblem(`The webhook listener could not open ${config.webhookHost}:${config.webhookPort}.`, { permanent: false, next: 'Choose another channels.telegram.webhookPort, or stop what uses it.', cause }))
    })
    server.listen(config.webhookPort, config.webhookHost, resolve)
  })
  const { port } = server.address() as AddressInfo
  host.log.info('telegram: webhook listener is open', { host: config.webhookHost, port, path: config.webhookPath })
  try {
    await api.setWebhook(url, { secret_token: secret, allowed_updates: wantedUpdates, drop_pending_updates: false })
  } catch (error) {
    server.close()
    const failure = readFailure(error)
    throw new ConnectProblem(`Telegram did not accept the webhook: ${failure.kind === 'answer' ? failure.description : failure.reason}.`, {
      permanent: failure.kind === 'answer' && failure.code === 400,
      next: 'Check channels.telegram.webhookUrl: a public https address on port 443, 80, 88 or 8443.',
      cause: error,
    })
  }
  health.alive()
  cancelLook = host.clock.after(lookEveryMs, () => void look())

  return async () => {
    stopped = true
    cancelLook()
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    await handOver.close()
    server.closeAllConnections()
    await closed
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 }).end()
}

/** The body as text; undefined when it is larger than allowed. */
async function readBody(request: HttpRequest): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bodyBytesMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

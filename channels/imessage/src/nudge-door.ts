import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage as HttpRequest, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConnectProblem, type ChannelHost } from '@moltbot/contract'
import type { IMessageConfig } from './config.ts'

const bodyBytesMax = 1024 * 1024
/** After this many wrong tokens in a minute further wrong ones are told to wait; the right one always gets through. */
const wrongMax = 60

/**
 * A listener BlueBubbles tells of new messages. Whoever knows the token can make us look, and nothing else: what stands in a call is
 * not read, because the server itself is asked.
 */
export async function openNudgeDoor(config: IMessageConfig, token: string | undefined, host: ChannelHost, onNudge: () => void): Promise<{ close(): Promise<void> }> {
  if (token === undefined || !/^[A-Za-z0-9_-]{16,256}$/.test(token)) {
    throw new ConnectProblem('The listener for BlueBubbles needs a token that nobody can guess.', { permanent: true, next: 'Set channels.imessage.webhookToken to at least 16 letters and digits, or remove webhookPort.' })
  }
  const expected = digest(token)
  let wrong = { minute: 0, count: 0 }

  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    void answer(request, response).catch(() => {
      if (!response.headersSent) end(response, 500)
    })
  })
  server.maxConnections = 50

  async function answer(request: HttpRequest, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://listener')
    if (url.pathname !== config.webhookPath) return end(response, 404)
    if (request.method !== 'POST') return end(response, 405)
    const given = url.searchParams.getAll('token')
    if (given.length !== 1 || !timingSafeEqual(digest(given[0] ?? ''), expected)) {
      const minute = Math.floor(host.clock.now() / 60_000)
      if (wrong.minute !== minute) wrong = { minute, count: 0 }
      wrong.count += 1
      if (wrong.count === 1) host.log.warn('imessage: a call with a wrong token was refused')
      response.setHeader('connection', 'close')
      return end(response, wrong.count > wrongMax ? 429 : 401)
    }
    let size = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > bodyBytesMax) {
        response.setHeader('connection', 'close')
        return end(response, 413)
      }
    }
    onNudge()
    end(response, 200)
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new ConnectProblem(`The listener for BlueBubbles could not open ${config.webhookHost}:${config.webhookPort ?? 0}.`, { permanent: false, next: 'Choose another channels.imessage.webhookPort, or stop what uses it.', cause })))
    server.listen(config.webhookPort ?? 0, config.webhookHost, resolve)
  })
  host.log.info('imessage: the listener is open', { host: config.webhookHost, port: (server.address() as AddressInfo).port, path: config.webhookPath })
  return {
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

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 }).end()
}

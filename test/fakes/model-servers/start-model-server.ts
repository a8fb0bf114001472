import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { formatOf, readRequest } from './read-request.ts'
import type { Script, SeenRequest, Step, WireFormat } from './script.ts'
import { errorBody, speakerFor } from './speak.ts'
import type { Counts } from './speak.ts'

export interface ModelServer {
  /** What to configure as the provider's base URL for a format. */
  baseUrl(format: WireFormat): string
  /** `http://127.0.0.1:<port>`. */
  origin: string
  port: number
  /** Every model call so far, in order. */
  requests: SeenRequest[]
  /** Resolves once `count` calls have arrived. */
  arrived(count: number): Promise<void>
  /** From now on answers follow this script. */
  use(script: Script): void
  close(): Promise<void>
}

export interface ModelServerOptions {
  /** Ids that `GET …/models` lists. */
  models?: string[]
  /** Cut the stream into chunks of so many bytes, each flushed on its own. */
  chunkBytes?: number
  port?: number
}

const prefixes: Record<WireFormat, string> = { 'anthropic-messages': '/anthropic', 'openai-completions': '/v1', 'openai-responses': '/v1', 'google-generative-ai': '/google/v1beta' }

/** A model provider on loopback that speaks all four wire formats and does what its script says. */
export async function startModelServer(script: Script, options: ModelServerOptions = {}): Promise<ModelServer> {
  let current = script
  const requests: SeenRequest[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))))
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (request.method === 'GET' && /\/models$/.test(url.pathname)) {
      const ids = options.models ?? ['test-model']
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(url.pathname.startsWith('/google')
        ? { models: ids.map((id) => ({ name: `models/${id}`, inputTokenLimit: 100_000, outputTokenLimit: 4096, supportedGenerationMethods: ['generateContent'] })) }
        : { object: 'list', data: ids.map((id) => ({ id, object: 'model', type: 'model', display_name: id })), has_more: false }))
      return
    }
    const format = request.method === 'POST' ? formatOf(url.pathname) : undefined
    if (format === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"no such path"}}')
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const raw = Buffer.concat(chunks).toString('utf8')
    const body = JSON.parse(raw) as Record<string, unknown>
    const gone = new AbortController()
    response.on('close', () => {
      if (!response.writableFinished) gone.abort()
    })
    const seen: SeenRequest = {
      format, index: requests.length, ...readRequest(format, url.pathname, body), raw, body, path: request.url ?? '/', hungUp: gone.signal,
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')])),
    }
    requests.push(seen)
    for (const waiter of waiting.filter(({ count }) => requests.length >= count)) waiter.resolve()
    await answer(format, seen, response)
  }

  async function answer(format: WireFormat, seen: SeenRequest, response: ServerResponse): Promise<void> {
    let counts: Counts = { input: Math.ceil(seen.raw.length / 4), output: 0, cacheRead: 0, cacheWrite: 0 }
    let fixed = false
    const steps = await current(seen)
    const all: Step[] | AsyncIterable<Step> = steps
    const early = Array.isArray(all) ? all.find((step) => step.kind === 'usage') : undefined
    if (early?.kind === 'usage') {
      counts = { cacheRead: 0, cacheWrite: 0, ...early }
      fixed = true
    }
    const speaker = speakerFor(format, seen, () => counts)
    let begun = false
    let calls = 0
    let stop: 'end' | 'tool-use' | 'length' | 'refusal' | undefined
    const begin = async (): Promise<void> => {
      if (begun) return
      begun = true
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
      response.flushHeaders()
      await write(response, speaker.begin())
    }
    for await (const step of all) {
      if (gone(response)) return
      switch (step.kind) {
        case 'wait':
          await step.until
          break
        case 'error':
          response.writeHead(step.status, { 'content-type': step.body?.startsWith('<') === true ? 'text/html' : 'application/json', ...step.headers })
          response.end(step.body ?? errorBody(format, step.status, step.message, step.type))
          return
        case 'hang':
          return
        case 'cut':
          // What was said before has to arrive: a client that learns of the end first throws away what it has not read.
          if (begun) await delivered(response)
          response.destroy()
          return
        case 'usage':
          counts = { cacheRead: 0, cacheWrite: 0, ...step }
          fixed = true
          break
        case 'end':
          stop = step.stop
          break
        case 'raw':
          if (!begun) {
            begun = true
            response.writeHead(200, { 'content-type': 'text/event-stream' })
          }
          await write(response, step.bytes)
          break
        case 'stream-error':
          await begin()
          await write(response, speaker.error(step.type, step.message))
          response.end()
          return
        default:
          await begin()
          if (step.kind === 'call') calls++
          for (const frame of speaker.step(step)) {
            if (!fixed) counts = { ...counts, output: counts.output + 1 }
            await write(response, frame)
          }
      }
      // After a raw step the script is on its own.
      if (step.kind === 'raw' && !Array.isArray(all)) continue
    }
    if (gone(response)) return
    if (Array.isArray(all) && all.some((step) => step.kind === 'raw')) {
      response.end()
      return
    }
    await begin()
    for (const frame of speaker.finish(stop ?? (calls > 0 ? 'tool-use' : 'end'), counts)) await write(response, frame)
    response.end()
  }

  async function write(response: ServerResponse, text: string): Promise<void> {
    if (text === '') return
    const bytes = Buffer.from(text, 'utf8')
    const size = options.chunkBytes ?? bytes.length
    for (let at = 0; at < bytes.length; at += size) {
      if (gone(response)) return
      response.write(bytes.subarray(at, at + size))
      if (options.chunkBytes !== undefined) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  return {
    origin,
    port,
    requests,
    baseUrl: (format) => origin + prefixes[format],
    arrived: (count) => (requests.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve }))),
    use(next) {
      current = next
    },
    close: () => new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}

async function delivered(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => response.write(': last words\n', () => resolve()))
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
}

function gone(response: ServerResponse): boolean {
  return response.destroyed || response.writableEnded
}

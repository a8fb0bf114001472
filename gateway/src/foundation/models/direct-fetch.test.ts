import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import type { ModelAnswer, ModelAnswerReader } from '@moltbot/contract'
import { createDirectFetch } from './direct-fetch.ts'

let server: Server
let base: string
let answer: (request: IncomingMessage, response: ServerResponse) => void
let connections = 0
let direct: ReturnType<typeof createDirectFetch>
beforeAll(async () => {
  server = createServer((request, response) => answer(request, response)).on('connection', () => { connections += 1 })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => { server.closeAllConnections(); server.close() })
beforeEach(() => { direct = createDirectFetch(); connections = 0 })
afterEach(() => direct.close())

const ask = (path = '/', more: { body?: string; headers?: Record<string, string>; signal?: AbortSignal } = {}) =>
  direct.fetch(base + path, { headers: more.headers ?? {}, signal: more.signal ?? new AbortController().signal, ...(more.body === undefined ? {} : { method: 'POST' as const, body: more.body }) })

function readerOf({ body }: ModelAnswer): ModelAnswerReader {
  if (body === null) throw new Error('no body')
  return body.getReader()
}

it('sends what it is given and tells the answer', async () => {
  let heard = ''
  answer = (request, response) => {
    request.on('data', (data: Buffer) => { heard += data.toString('utf8') }).on('end', () => {
      response.writeHead(429, { 'Retry-After': '3', 'x-two': ['a', 'b'] }).end(JSON.stringify({ method: request.method, url: request.url, type: request.headers['content-type'] }))
    })
  }
  const told = await ask('/v1/x?y=1', { body: '{"grüße":1}', headers: { 'content-type': 'application/json' } })
  expect([told.ok, told.status, told.headers.get('Retry-After'), told.headers.get('nothing')]).toEqual([false, 429, '3', null])
  expect([...told.headers]).toContainEqual(['x-two', 'a, b'])
  expect(JSON.parse(await told.text())).toEqual({ method: 'POST', url: '/v1/x?y=1', type: 'application/json' })
  expect(heard).toBe('{"grüße":1}')
})

it('reads piece by piece, and one connection serves the next call too', async () => {
  answer = (_request, response) => { response.write('one '); setImmediate(() => response.end('two')) }
  for (let count = 0; count < 3; count += 1) {
    const reader = readerOf(await ask())
    let text = ''
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) text += Buffer.from(piece.value).toString('utf8')
    expect(text).toBe('one two')
    expect((await reader.read()).done).toBe(true)
  }
  expect(connections).toBe(1)
})

it.each([['gzip', gzipSync], ['deflate', deflateSync], ['br', brotliCompressSync]] as const)('unpacks %s though it does not ask for it', async (how, pack) => {
  answer = (request, response) => {
    expect(request.headers['accept-encoding']).toBe('identity')
    response.writeHead(200, { 'content-encoding': how }).end(pack('packed words'))
  }
  expect(await (await ask()).text()).toBe('packed words')
})

it('follows no redirect', async () => {
  answer = (_request, response) => { response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end() }
  expect((await ask()).status).toBe(302)
})

it('ends with its signal, before an answer and within one', async () => {
  answer = (_request, response) => { response.write('half') }
  const before = new AbortController()
  before.abort()
  await expect(ask('/', { signal: before.signal })).rejects.toThrow()
  const within = new AbortController()
  const reader = readerOf(await ask('/', { signal: within.signal }))
  await reader.read()
  within.abort()
  await expect(reader.read()).rejects.toThrow()
})

it('an answer that breaks off is no answer that ended', async () => {
  answer = (_request, response) => { response.writeHead(200, { 'content-length': '100' }); response.write('half'); setImmediate(() => response.destroy()) }
  const reader = readerOf(await ask())
  await reader.read()
  await expect(reader.read()).rejects.toThrow()
  answer = (_request, response) => { response.writeHead(200, { 'content-encoding': 'gzip' }); response.write(gzipSync('x'.repeat(5_000)).subarray(0, 20)); setImmediate(() => response.destroy()) }
  await expect((await ask()).text()).rejects.toThrow()
})

it('what nobody wants any more is hung up on, and nothing is left when it closes', async () => {
  const gone = vi.fn()
  answer = (request, response) => { request.socket.on('close', gone); response.write('more to come') }
  await readerOf(await ask()).cancel()
  await vi.waitFor(() => expect(gone).toHaveBeenCalledTimes(1), { timeout: 60_000 })
  answer = (request, response) => { request.socket.on('close', gone); response.end('all') }
  await (await ask()).text()
  direct.close()
  await vi.waitFor(() => expect(gone).toHaveBeenCalledTimes(2), { timeout: 60_000 })
})

it('says with a code why nothing could be sent', async () => {
  await expect(direct.fetch('http://127.0.0.1:1/', { headers: {}, signal: new AbortController().signal })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await expect(ask('/', { headers: { 'x-bad': 'a\r\nb: c' } })).rejects.toMatchObject({ code: 'ERR_INVALID_CHAR' })
  await expect(direct.fetch('no address', { headers: {}, signal: new AbortController().signal })).rejects.toMatchObject({ code: 'ERR_INVALID_URL' })
})

it('a list without end is not read to its end', async () => {
  answer = (_request, response) => {
    const piece = Buffer.alloc(1024 * 1024)
    const more = (): void => { while (!response.destroyed && response.write(piece)) { /* until it is full */ } }
    response.on('drain', more)
    more()
  }
  await expect((await ask()).text()).rejects.toThrow('no end')
})

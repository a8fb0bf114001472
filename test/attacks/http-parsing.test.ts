import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keptMemory } from '../support/kept-memory.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'
import { connected, exchange, parseAnswers, requestText } from './raw-http.ts'

let world: TestGateway
let port: number
beforeAll(async () => {
  world = await startTestGateway({ telegram: false, builtin: true })
  port = world.gateway.port
})
afterAll(async () => {
  const { answers } = await exchange(port, requestText(port, 'GET /readyz', { Connection: 'close' }))
  expect(answers[0]?.status).toBe(200)
  expect(Object.keys(Object.prototype)).toEqual([])
  await world.close()
})

const own = (): string => `Host: 127.0.0.1:${port}\r\n`
/** What stands behind a request must never be taken for another one: it would be seen here. */
const smuggled = (): string => `GET /healthz HTTP/1.1\r\n${own()}\r\n`

describe('HTTP-01 two readings of a length', () => {
  it.each([
    ['both lengths', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n'],
    ['both lengths, the other way round', 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n'],
    ['two lengths', 'Content-Length: 4\r\nContent-Length: 5\r\n'],
    ['the same length twice', 'Content-Length: 4\r\nContent-Length: 4\r\n'],
    ['a list of lengths', 'Content-Length: 4, 5\r\n'],
    ['a signed length', 'Content-Length: +4\r\n'],
    ['a hexadecimal length', 'Content-Length: 0x4\r\n'],
    ['a vertical tab', 'Transfer-Encoding: \x0bchunked\r\n'],
    ['chunked twice in a list', 'Transfer-Encoding: chunked, chunked\r\n'],
    ['chunked twice in two headers', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
    ['chunked and identity', 'Transfer-Encoding: chunked, identity\r\n'],
    ['identity', 'Transfer-Encoding: identity\r\n'],
    ['a word that holds chunked', 'Transfer-Encoding: xchunked\r\n'],
  ])('HTTP-01: %s', async (_, headers) => {
    const { answers, closed } = await exchange(port, `POST /login HTTP/1.1\r\n${own()}${headers}\r\n0\r\n\r\n${smuggled()}`)
    expect([answers.map(({ status }) => status), closed]).toEqual([[400], true])
  })

  it('HTTP-01: a tab before chunked is white space, and the body ends where its chunks end', async () => {
    const { answers } = await exchange(port, `POST /healthz HTTP/1.1\r\n${own()}Transfer-Encoding:\tchunked\r\n\r\n1e\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n${own()}Connection: close\r\n\r\n`)
    expect(answers.map(({ status }) => status).filter((status) => status === 200).length).toBeLessThanOrEqual(1)
    expect(answers[0]?.status).not.toBe(200)
  })

  it('HTTP-01 twin: a lenient parser routes what was hidden in the body', async () => {
    let seen = 0
    const lenient = createServer({ insecureHTTPParser: true, requireHostHeader: false }, (_request, response) => { seen += 1; response.end() })
    lenient.on('clientError', (_error, socket) => socket.destroy())
    await new Promise<void>((resolve) => lenient.listen(0, '127.0.0.1', resolve))
    const address = lenient.address() as { port: number }
    await exchange(address.port, `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    lenient.close()
    expect(seen).toBe(2)
  })
})

describe('HTTP-02 lines and header syntax', () => {
  it.each([
    ['bare line feeds', (): string => `GET /healthz HTTP/1.1\n${own().replaceAll('\r', '')}\n`],
    ['a bare line feed after a header', (): string => `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\nX-A: b\r\n\r\n`],
    ['a bare line feed at the end', (): string => `GET /healthz HTTP/1.1\r\n${own()}\n`],
    ['a bare carriage return', (): string => `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\rX-A: b\r\n\r\n`],
    ['a folded header', (): string => `GET /healthz HTTP/1.1\r\n${own()}X-A: b\r\n c\r\n\r\n`],
    ['a folded first header', (): string => `GET /healthz HTTP/1.1\r\n X-A: b\r\n${own()}\r\n`],
    ['a space before the colon', (): string => `GET /healthz HTTP/1.1\r\nHost : 127.0.0.1:${port}\r\n\r\n`],
    ['NUL in a value', (): string => `GET /healthz HTTP/1.1\r\n${own()}X-A: a\0b\r\n\r\n`],
    ['no name', (): string => `GET /healthz HTTP/1.1\r\n${own()}: v\r\n\r\n`],
    ['tabs in the request line', (): string => `GET\t/healthz\tHTTP/1.1\r\n${own()}\r\n`],
  ])('HTTP-02: %s', async (_, text) => {
    const { answers, closed } = await exchange(port, text())
    expect([answers.map(({ status }) => status), closed]).toEqual([[400], true])
  })
})

describe('HTTP-03 chunks', () => {
  const chunked = (body: string): string => requestText(port, 'POST /login', { Origin: `http://127.0.0.1:${port}`, 'Content-Type': 'application/x-www-form-urlencoded', 'Transfer-Encoding': 'chunked' }) + body
  it.each([
    ['a negative size', '-1\r\nabc\r\n0\r\n\r\n', [400]],
    ['a size with letters', '1g\r\na\r\n0\r\n\r\n', [400]],
    ['an extension of 1 MiB', `1;${'a'.repeat(1 << 20)}\r\na\r\n0\r\n\r\n`, [413]],
    ['a line feed for its end', '1\na\r\n0\r\n\r\n', [400]],
    ['a size that is too small', '3\r\nabcd\r\n0\r\n\r\n', [400]],
    ['a size beyond 64 bits', 'fffffffffffffffff\r\nabc\r\n0\r\n\r\n', [400]],
  ])('HTTP-03: %s', async (_, body, statuses) => {
    const { answers, closed } = await exchange(port, chunked(body))
    expect([answers.map(({ status }) => status), closed]).toEqual([statuses, true])
  })

  it('HTTP-03: the largest size, and a last chunk that never comes, are ended in time and hold no memory', async () => {
    const before = await keptMemory()
    const both = Promise.all([
      exchange(port, chunked('ffffffffffffffff\r\nabc')),
      exchange(port, chunked('3\r\nabc\r\n')),
    ])
    // What they hold while they wait.
    await exchange(port, requestText(port, 'GET /healthz', { Connection: 'close' }))
    expect(await keptMemory() - before).toBeLessThan(16 * 1024 * 1024)
    for (const { answers, closed } of await both) expect([answers.map(({ status }) => status), closed]).toEqual([[408], true])
  })
})

describe('HTTP-04 how much there may be', () => {
  it('HTTP-04: 101 headers, 64 KiB of headers, 16 KiB of address', async () => {
    const many = `GET /healthz HTTP/1.1\r\n${own()}${Array.from({ length: 100 }, (_, index) => `X-${index}: 1\r\n`).join('')}\r\n`
    expect((await exchange(port, many)).answers.map(({ status }) => status)).toEqual([431])
    expect((await exchange(port, requestText(port, 'GET /healthz', { 'X-Large': 'a'.repeat(65_536) }))).answers.map(({ status }) => status)).toEqual([431])
    expect((await exchange(port, requestText(port, `GET /${'a'.repeat(9_000)}`))).answers.map(({ status }) => status)).toEqual([414])
    expect((await exchange(port, requestText(port, `GET /${'a'.repeat(16_384)}`))).answers.map(({ status }) => status)).toEqual([431])
  })

  it('HTTP-04: a hundred headers are served', async () => {
    const most = `GET /healthz HTTP/1.1\r\n${own()}Connection: close\r\n${Array.from({ length: 98 }, (_, index) => `X-${index}: 1\r\n`).join('')}\r\n`
    expect((await exchange(port, most)).answers.map(({ status }) => status)).toEqual([200])
  })

  it('HTTP-04 twin: a server with the parser\'s own count drops the rest and says nothing', async () => {
    let heard = 0
    const careless = createServer((request, response) => { heard = request.rawHeaders.length / 2; response.end() })
    careless.maxHeadersCount = 64
    await new Promise<void>((resolve) => careless.listen(0, '127.0.0.1', resolve))
    const address = careless.address() as { port: number }
    const { answers } = await exchange(address.port, `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${Array.from({ length: 100 }, (_, index) => `X-${index}: 1\r\n`).join('')}\r\n`)
    careless.close()
    expect(answers[0]?.status).toBe(200)
    expect(heard).toBeLessThan(102)
  })
})

describe('HTTP-05 methods', () => {
  it.each([
    ['TRACE', () => requestText(port, 'TRACE /', { 'X-Secret': 'canary-5', Connection: 'close' }), [405]],
    ['CONNECT', () => requestText(port, 'CONNECT example.org:443', { 'X-Secret': 'canary-5' }), [405]],
    ['PRI', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
    ['lower case', () => requestText(port, 'get /healthz'), [400]],
    ['a method of 1 MiB', () => `${'A'.repeat(1 << 20)} / HTTP/1.1\r\n${own()}\r\n`, [400]],
    ['a method nobody knows', () => requestText(port, 'BREW /'), [400]],
    ['DELETE', () => requestText(port, 'DELETE /', { Connection: 'close' }), [405]],
    ['OPTIONS *', () => requestText(port, 'OPTIONS *', { Connection: 'close' }), [400]],
  ])('HTTP-05: %s', async (_, text, statuses) => {
    const { answers, text: said } = await exchange(port, text(), { enough: (got) => parseAnswers(got).length > 0 && got.endsWith('\n') })
    expect(answers.map(({ status }) => status)).toEqual(statuses)
    expect(said).not.toContain('canary-5')
  })
})

describe('HTTP-14 whom a request is for', () => {
  it.each([
    ['another host in the target', () => requestText(port, 'GET http://evil.example/healthz', { Connection: 'close' }), [400]],
    ['our own host in the target', () => requestText(port, `GET http://127.0.0.1:${port}/healthz`, { Connection: 'close' }), [400]],
    ['two slashes', () => requestText(port, 'GET //evil.example/healthz', { Connection: 'close' }), [400]],
    ['no host', () => 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', [400]],
    ['no host, HTTP/1.0', () => 'GET /healthz HTTP/1.0\r\n\r\n', [400]],
    ['two hosts', () => `GET /healthz HTTP/1.1\r\n${own()}Host: evil.example\r\nConnection: close\r\n\r\n`, [400]],
    ['the same host twice', () => `GET /healthz HTTP/1.1\r\n${own()}${own()}Connection: close\r\n\r\n`, [400]],
    ['an empty host', () => 'GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', [400]],
    ['a user in the host', () => `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}@evil.example\r\nConnection: close\r\n\r\n`, [400]],
    ['a path in the host', () => `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}/evil\r\nConnection: close\r\n\r\n`, [400]],
    ['HTTP/2 in words', () => `GET /healthz HTTP/2.0\r\n${own()}\r\n`, [505]],
    ['no version', () => 'GET /healthz\r\n\r\n', [505]],
    ['HTTP/1.2', () => `GET /healthz HTTP/1.2\r\n${own()}\r\n`, [400]],
  ])('HTTP-14: %s', async (_, text, statuses) => {
    expect((await exchange(port, text())).answers.map(({ status }) => status)).toEqual(statuses)
  })

  it('HTTP-14: another name than ours gets nothing but that', async () => {
    for (const host of ['evil.example', `evil.example:${port}`, 'localhost.', '127.0.0.1.evil.example']) {
      const { answers } = await exchange(port, requestText(port, 'GET /login', { Host: host, Connection: 'close' }))
      expect(answers[0]?.status).toBe(421)
      expect(answers[0]?.body).not.toContain('<form')
    }
  })
})

describe('HTTP-17 many requests on one connection', () => {
  /** How many requests a server of this process takes in while somebody sends so many ahead; each is kept until its turn comes. */
  async function takenOf(to: number, ahead = 50_000): Promise<{ taken: number; statuses: number[] }> {
    let taken = 0
    const count = (message: unknown): void => { taken += (message as { request: IncomingMessage }).request.socket.localPort === to ? 1 : 0 }
    subscribe('http.server.request.start', count)
    try {
      const { answers } = await exchange(to, requestText(to, 'GET /healthz').repeat(ahead - 1) + requestText(to, 'GET /healthz', { Connection: 'close' }))
      return { taken, statuses: answers.map(({ status }) => status) }
    } finally {
      unsubscribe('http.server.request.start', count)
    }
  }

  it('HTTP-17: of 50,000 pipelined requests the first are served in order, and the others are not even read: the memory is bounded', async () => {
    const { taken, statuses } = await takenOf(port)
    expect(statuses).toEqual(Array.from({ length: 64 }, () => 200))
    // What came with the last of them in one reading of the socket, and no more.
    expect(taken).toBeLessThan(3_000)
  })

  it('HTTP-17 twin: a server that answers in order and reads on meanwhile takes all of them in', async () => {
    let turn: Promise<unknown> = Promise.resolve()
    const greedy = createServer((_request, response) => {
      turn = turn.then(() => new Promise((resolve) => { setImmediate(() => resolve(response.end())) }))
    })
    await new Promise<void>((resolve) => greedy.listen(0, '127.0.0.1', resolve))
    const { taken } = await takenOf((greedy.address() as { port: number }).port, 5_000)
    greedy.close()
    expect(taken).toBe(5_000)
  })

  it('HTTP-17: a client that closes its half is answered and closed', async () => {
    const { answers, closed } = await exchange(port, requestText(port, 'GET /healthz'), { halfClose: true })
    expect([answers.map(({ status }) => status), closed]).toEqual([[200], true])
  })

  it('HTTP-17: a client that sends and never reads does not keep others from being served', async () => {
    const deaf = await connected(port)
    deaf.pause()
    deaf.write(requestText(port, 'GET /login').repeat(2_000))
    const { answers } = await exchange(port, requestText(port, 'GET /healthz', { Connection: 'close' }))
    expect(answers[0]?.status).toBe(200)
    deaf.destroy()
  })
})

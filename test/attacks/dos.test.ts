import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Lexer } from 'marked'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderMarkdown } from '../../channels/discord/src/markdown.ts'
import { renderHtml } from '../../channels/telegram/src/html.ts'
import { isTangled } from '../../contract/src/tangled-markdown.ts'
import { connectionsMax, descriptorLimit } from '../../gateway/src/api/descriptors.ts'
import { newDevice, runDoor, signDevice } from '../../gateway/src/api/testing/test-client.ts'
import { splitMarkdown } from '../../gateway/src/journey/outbox/split.ts'
import { keptMemory } from '../support/kept-memory.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'
import { connected, exchange, parseAnswers, requestText } from './raw-http.ts'
import { text, upgrade, type RawSocket } from './raw-socket.ts'

let world: TestGateway
let port: number
beforeAll(async () => {
  world = await startTestGateway({ telegram: false, builtin: true })
  port = world.gateway.port
})
afterAll(() => world.close())

/** An honest client's request is answered; a generous cap, for a machine that does other things. */
async function honest(): Promise<void> {
  const { answers } = await exchange(port, requestText(port, 'GET /v1/models', { Authorization: `Bearer ${world.token}`, Connection: 'close' }))
  expect(answers[0]?.status).toBe(200)
}

describe('DOS-01 slow clients', () => {
  it('DOS-01: a hundred and sixty that send headers, bodies or nothing by the drop, and read nothing, keep nobody out', async () => {
    const slow: Socket[] = await Promise.all(Array.from({ length: 160 }, () => connected(port)))
    const trickle = setInterval(() => slow.forEach((socket, index) => {
      if (!socket.destroyed && index % 4 === 0) socket.write('X-A: b\r\n')
      if (!socket.destroyed && index % 4 === 1) socket.write('a')
    }), 200)
    for (const [index, socket] of slow.entries()) {
      if (index % 4 === 0) socket.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`)
      if (index % 4 === 1) socket.write(requestText(port, 'POST /login', { Origin: `http://127.0.0.1:${port}`, 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': '8000' }))
      if (index % 4 === 2) { socket.pause(); socket.write(requestText(port, 'GET /login').repeat(40)) }
      if (index % 4 === 3) socket.write(requestText(port, 'GET /login.css', { Range: `bytes=${Array.from({ length: 1_000 }, (_, at) => `${at}-`).join(',')}`.slice(0, 8_000) }))
    }
    try {
      for (let round = 0; round < 5; round++) await honest()
      // Whoever does not finish the headers is sent away in time.
      const first = slow[0] as Socket
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('a slow client was never sent away')), 60_000)
        if (first.destroyed) return resolve()
        first.resume()
        first.once('close', () => { clearTimeout(timer); resolve() })
      })
      await honest()
    } finally {
      clearInterval(trickle)
      for (const socket of slow) socket.destroy()
    }
  })
})

describe('DOS-02 many requests', () => {
  it('DOS-02: thousands of static, health and refused ones give no 5xx and leave no memory behind', async () => {
    const kinds = [requestText(port, 'GET /login.css'), requestText(port, 'GET /healthz'), requestText(port, 'GET /v1/models'), requestText(port, 'GET /login'), requestText(port, 'GET /nothing')]
    const wave = async (): Promise<number[]> => {
      const all = await Promise.all(Array.from({ length: 10 }, () => {
        const batch = Array.from({ length: 60 }, (_, index) => kinds[index % kinds.length] ?? '').join('')
        return exchange(port, batch + requestText(port, 'GET /healthz', { Connection: 'close' }))
      }))
      return all.flatMap(({ answers }) => answers.map(({ status }) => status))
    }
    await wave()
    const before = await keptMemory()
    const statuses: number[] = []
    for (let round = 0; round < 3; round++) statuses.push(...await wave())
    expect(statuses.length).toBe(3 * 10 * 61)
    expect(statuses.filter((status) => status >= 500)).toEqual([])
    expect(await keptMemory() - before).toBeLessThan(16 * 1024 * 1024)
    await honest()
  })
})

describe('DOS-03 connections that only sit there', () => {
  it('DOS-03: are held up to the cap, the next ones are closed, and the door recovers', async () => {
    const door = await runDoor({ config: { limits: { connections: 200 } } })
    const idle = await Promise.all(Array.from({ length: 260 }, () => new Promise<Socket>((resolve) => {
      const socket = connect({ port: door.port, host: '127.0.0.1' })
      socket.on('error', () => undefined)
      socket.once('connect', () => resolve(socket))
    })))
    const closed = (): number => idle.filter((socket) => socket.destroyed || socket.readableEnded || socket.closed).length
    for (const socket of idle) socket.resume()
    const deadline = Date.now() + 60_000
    while (closed() < 60 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(closed()).toBe(60)
    for (const socket of idle) socket.destroy()
    for (;;) {
      const { answers } = await exchange(door.port, requestText(door.port, 'GET /healthz', { Connection: 'close' }))
      if (answers[0]?.status === 200) break
      if (Date.now() > deadline) throw new Error('the door did not recover')
    }
    await door.close()
  })

  it('DOS-03: the cap stays below what the process may open, whatever is configured', () => {
    expect(connectionsMax(2_048, 1_024)).toBe(768)
    expect(connectionsMax(2_048, 256)).toBe(128)
    expect(connectionsMax(2_048, 1_048_576)).toBe(2_048)
    expect(connectionsMax(100, 1_024)).toBe(100)
    expect(connectionsMax(2_048, undefined)).toBe(2_048)
    if (process.platform === 'linux') expect(descriptorLimit()).toBeGreaterThan(0)
  })

  it('DOS-03: a hundred authenticated sockets that say nothing keep nobody out', async () => {
    const idle: RawSocket[] = await Promise.all(Array.from({ length: 100 }, async () => {
      const { socket } = await upgrade(port)
      await socket.connect({ auth: { token: world.token } })
      return socket
    }))
    await honest()
    for (const socket of idle) socket.destroy()
  })

  it('DOS-03 twin: without a cap all of them are held', async () => {
    const door = await runDoor({ config: { limits: { connections: 2_000 } } })
    const idle = await Promise.all(Array.from({ length: 260 }, () => connected(door.port)))
    for (const socket of idle) socket.resume()
    const { answers } = await exchange(door.port, requestText(door.port, 'GET /healthz', { Connection: 'close' }))
    expect([answers[0]?.status, idle.filter((socket) => socket.destroyed).length]).toEqual([200, 0])
    for (const socket of idle) socket.destroy()
    await door.close()
  })
})

describe('DOS-04 work for strangers', () => {
  it('DOS-04: floods of bad JSON, wrong secrets, bad signatures and garbage leave others served', async () => {
    const door = await runDoor({ config: { tls: { enabled: true } } })
    const params = { client: { id: 'phone', version: '1', platform: 'ios', mode: 'ui' }, role: 'operator', scopes: ['operator.read'], auth: { token: 'wrong' } }
    const device = newDevice()
    const floods = [
      ...Array.from({ length: 40 }, () => exchange(port, requestText(port, 'POST /v1/chat/completions', { Authorization: 'Bearer wrong', 'Content-Type': 'application/json', Connection: 'close' }, '['.repeat(60_000)))),
      ...Array.from({ length: 40 }, () => exchange(port, requestText(port, 'GET /?token=wrong', { Connection: 'close' }))),
      ...Array.from({ length: 40 }, () => exchange(port, randomBytes(10_000), { halfClose: true })),
      ...Array.from({ length: 40 }, () => exchange(door.port, Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), randomBytes(500)]), { halfClose: true })),
      ...Array.from({ length: 40 }, async () => {
        const { socket } = await upgrade(port)
        const { nonce } = await socket.challenge()
        const signed = signDevice(device, params, nonce)
        await socket.connect({ ...params, device: { ...signed, signature: Buffer.alloc(64, 1).toString('base64url') } }).catch(() => undefined)
        socket.destroy()
      }),
      ...Array.from({ length: 40 }, async () => {
        const { socket } = await upgrade(port)
        await socket.challenge()
        socket.send(text('['.repeat(60_000)))
        await socket.end()
      }),
    ]
    for (let round = 0; round < 3; round++) await honest()
    await Promise.all(floods)
    await honest()
    await door.close()
  })

  it('DOS-04: a wrong secret that comes again and again is locked out before it costs anything', async () => {
    const statuses: (number | undefined)[] = []
    for (let attempt = 0; attempt < 14; attempt++) statuses.push((await exchange(port, requestText(port, 'GET /?token=wrong', { Connection: 'close', 'Sec-Fetch-Site': 'none' }))).answers[0]?.status)
    expect(statuses.at(-1)).toBe(429)
    await honest()
  })
})

describe('DOS-06 very long histories', () => {
  it('DOS-06: a hundred thousand entries, two thousand conversations and a long log are read a page at a time', async () => {
    const client = await world.connect()
    await client.ask('the first words', 'long')
    const { store } = world.gateway.rooms
    const [entry] = await store.read.all("SELECT * FROM entries ORDER BY seq LIMIT 1")
    const session = await store.read.get('SELECT * FROM sessions WHERE id = ?', String(entry?.['session_id']))
    const insert = async (table: string, row: Record<string, unknown>, count: number, changed: Record<string, string>): Promise<void> => {
      const names = Object.keys(row)
      await store.transaction((tx) => tx.run(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) INSERT INTO ${table} (${names.join(', ')}) SELECT ${names.map((column) => changed[column] ?? '?').join(', ')} FROM n`,
        ...names.filter((column) => changed[column] === undefined).map((column) => row[column] as string | number | null),
      ))
    }
    await insert('entries', entry ?? {}, 100_000, { id: "'en-long-' || i", seq: '1000 + i' })
    await insert('sessions', session ?? {}, 2_000, { key: "'agent:main:many' || i", id: "'ss-many-' || i" })
    const before = await keptMemory()
    const page = await client.request('chat.history', { sessionKey: 'long', limit: 200 })
    expect([(page['messages'] as unknown[]).length, page['hasMore'], JSON.stringify(page).length < 1_000_000]).toEqual([200, true, true])
    const whole = await client.request('chat.history', { sessionKey: 'long' })
    expect((whole['messages'] as unknown[]).length).toBeLessThanOrEqual(1_000)
    const list = await client.request('sessions.list', { limit: 50 })
    expect([(list['sessions'] as unknown[]).length, Number(list['totalCount']) >= 2_000, list['hasMore']]).toEqual([50, true, true])
    for (let line = 0; line < 3_000; line += 1) world.gateway.rooms.log.info('x'.repeat(2_000))
    const tail = await client.request('logs.tail', {})
    expect([(tail['lines'] as unknown[]).length <= 500, JSON.stringify(tail).length < 1_000_000]).toEqual([true, true])
    expect(await keptMemory() - before).toBeLessThan(96 * 1024 * 1024)
    await honest()
    await store.transaction(async (tx) => {
      await tx.run("DELETE FROM entries WHERE id LIKE 'en-long-%'")
      await tx.run("DELETE FROM sessions WHERE id LIKE 'ss-many-%'")
    })
    client.close()
  })
})

describe('DOS-05 Markdown that no reader takes apart in time', () => {
  const tangled: [string, string][] = [
    ['quotes in quotes', '>'.repeat(3_000)], ['lists in lists', Array.from({ length: 400 }, (_, at) => `${'  '.repeat(at)}- a`).join('\n')], ['lists on a line', `${'1. '.repeat(2_000)}x`], ['open emphasis', '**a'.repeat(20_000)],
    ['brackets', '['.repeat(30_000)], ['backticks of every length', Array.from({ length: 300 }, (_, at) => `${'`'.repeat(at + 1)}a`).join(' ')], ['a million lines', 'a\n'.repeat(500_000)],
  ]
  it.each(tangled)('DOS-05: %s: cut and shown as plain text, whole, before the test\'s time is up', (_what, text) => {
    const parts = splitMarkdown(text, 4_096)
    expect(parts.join('').replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''))
    expect(parts.every((part) => part.length <= 4_096)).toBe(true)
    for (const part of parts.slice(0, 3)) expect([renderHtml(part).length > 0, renderMarkdown(part).length > 0]).toEqual([true, true])
  })

  it('DOS-05: what people and models write is read as before', () => {
    const list = Array.from({ length: 300 }, (_, at) => `${'  '.repeat(at % 6)}- **point ${at}** with \`code\` and [a link](https://example.com)`).join('\n')
    expect([isTangled(list), isTangled(`\`\`\`\n${'    > - *['.repeat(5_000)}\n\`\`\``), isTangled('> '.repeat(12) + 'deep')]).toEqual([false, false, false])
  })

  it('DOS-05 twin: the reader itself ends its stack over it', () => {
    expect(() => new Lexer({ gfm: true }).lex('>'.repeat(5_000))).toThrow(/stack/)
  })
})

describe('DOS-14 compression on the way in', () => {
  it('DOS-14: no body, no frame and no form is ever unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(16 << 20, 0x20))
    const before = await keptMemory()
    for (const [line, type] of [['POST /v1/chat/completions', 'application/json'], ['POST /login', 'application/x-www-form-urlencoded']] as const) {
      const head = requestText(port, line, { Authorization: `Bearer ${world.token}`, Origin: `http://127.0.0.1:${port}`, 'Content-Type': type, 'Content-Encoding': 'gzip', 'Content-Length': String(bomb.length), Connection: 'close' })
      const { answers } = await exchange(port, [head, bomb], { enough: (got) => parseAnswers(got).length > 0 })
      expect(answers[0]?.status).toBe(415)
    }
    const { head, socket } = await upgrade(port, { 'Sec-WebSocket-Extensions': 'permessage-deflate' })
    expect(head).not.toMatch(/sec-websocket-extensions/i)
    socket.send(Buffer.concat([Buffer.from([0xc1, 0x84, 0, 0, 0, 0]), bomb.subarray(0, 4)]))
    expect(await socket.end()).toBe(1002)
    expect(await keptMemory() - before).toBeLessThan(64 * 1024 * 1024)
  })
})

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { FakeClock, memoryLogger, realClock } from '@moltbot/contract/testing'
import { freePort } from '../../../../test/support/free-port.ts'
import { parseSyslogAddress } from './addresses.ts'
import type { ChainRow } from './chain.ts'
import { createSinks } from './create-sinks.ts'
import { createSyslogSender, syslogLine } from './syslog.ts'

const ends: (() => void)[] = []
afterEach(() => { for (const end of ends.splice(0)) end() })
const source = { version: '1', host: 'here' }
const row = (seq: number): ChainRow => ({ seq, id: `au${seq}`, at: 1_770_000_000_000, act: 'pairing.approved', principal: 'owner', subject: 'line\nbreak', outcome: 'done', reason: 'r', facts: null, place: null, correlation: null, mac: 'm' })
const sinksTo = (to: { syslog?: string; otlp?: string }, clock = realClock as Parameters<typeof createSinks>[0]['clock'], log = memoryLogger()) => {
  const sinks = createSinks({ clock, log, fetch, source, pid: 7 })
  sinks.configure({ syslog: to.syslog ?? '', otlp: to.otlp ?? '' })
  ends.push(() => void sinks.close(0))
  return { sinks, log }
}

/** Hears octet-counted lines; resolves with so many of them. */
function heard(server: Server, wanted: number): Promise<string[]> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    const lines: string[] = []
    server.on('connection', (socket) => socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data])
      for (;;) {
        const space = bytes.indexOf(32)
        const length = Number(bytes.subarray(0, space).toString())
        if (space < 1 || bytes.length < space + 1 + length) break
        lines.push(bytes.subarray(space + 1, space + 1 + length).toString())
        bytes = bytes.subarray(space + 1 + length)
        if (lines.length === wanted) resolve(lines)
      }
    }))
  })
}

describe('syslog', () => {
  it('is a line of RFC 5424 whatever stands in the entry', () => {
    expect(syslogLine({ at: 0, severity: 5, kind: 'a b\nc', text: '{}' }, 'my host', 7)).toBe('<109>1 1970-01-01T00:00:00.000Z myhost moltbot-audit 7 abc - {}')
  })

  it('is sent over TCP, over a Unix socket and over UDP', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moltbot-syslog-'))
    ends.push(() => rmSync(folder, { recursive: true, force: true }))
    for (const where of [{ port: 0, host: '127.0.0.1' }, { path: join(folder, 'log') }]) {
      const server = createServer().listen(where)
      ends.push(() => server.close())
      await once(server, 'listening')
      const lines = heard(server, 3)
      const { sinks } = sinksTo({ syslog: 'path' in where ? `unix:${where.path}` : `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` })
      for (const seq of [1, 2, 3]) sinks.offer(row(seq))
      expect((await lines).map((line) => JSON.parse(line.slice(line.indexOf('{'))).seq)).toEqual([1, 2, 3])
    }
    const socket = createSocket('udp4')
    ends.push(() => socket.close())
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const message = once(socket, 'message')
    sinksTo({ syslog: `udp://127.0.0.1:${socket.address().port}` }).sinks.offer(row(4))
    expect(String((await message)[0])).toMatch(/^<109>1 .* moltbot-audit 7 pairing\.approved - \{"seq":4,.*line\\\\u\{a\}break/)
  })

  it.skipIf(process.platform === 'win32').each([['takes long lines', 'case "$*" in *--version*) exit 0 ;; esac', 8_000, '--size 8000'], ['knows no such option', 'case "$*" in *--size*) exit 1 ;; esac', 900, '-p auth.notice']])('is handed to a logger that %s in lines it tears nowhere', async (_, knows, most, words) => {
    const folder = mkdtempSync(join(tmpdir(), 'moltbot-logger-'))
    ends.push(() => rmSync(folder, { recursive: true, force: true }))
    const logger = join(folder, 'logger')
    writeFileSync(logger, `#!/bin/sh\n${knows}\necho "$@" > ${folder}/words\ncat > ${folder}/lines\n`, { mode: 0o755 })
    const sender = createSyslogSender('local', { host: 'here', pid: 7, logger })
    const send = (text: string): Promise<void> => sender.send({ at: 0, severity: 5, kind: 'a.b', text })
    await send('x'.repeat(20_000))
    await send('short')
    sender.close()
    await expect.poll(() => (existsSync(join(folder, 'lines')) ? readFileSync(join(folder, 'lines'), 'utf8').split('\n').map((line) => line.length) : []), { timeout: 60_000 }).toEqual([most, 5, 0])
    expect(readFileSync(join(folder, 'words'), 'utf8').trim().endsWith(words)).toBe(true)
  })

  it.each(['', 'udp://', 'http://x', 'tcp://h:99999', 'unix:relative', 'tcp://h:1/x'])('refuses the address %j', (address) => {
    expect(() => parseSyslogAddress(address)).toThrow(expect.objectContaining({ code: 'audit-address-invalid' }))
  })
})

describe('OTLP', () => {
  it('is a logs request with one record an entry', async () => {
    const server = createHttpServer()
    ends.push(() => server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const body = new Promise<string>((resolve) => server.on('request', (request, response) => {
      let text = ''
      request.on('data', (data: Buffer) => { text += data.toString() }).on('end', () => {
        response.writeHead(200, { connection: 'close' }).end('{}')
        resolve(text)
      })
    }))
    const { sinks } = sinksTo({ otlp: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs` })
    sinks.offer(row(1))
    const { resourceLogs: [resource] } = JSON.parse(await body) as { resourceLogs: { scopeLogs: { logRecords: { timeUnixNano: string; body: { stringValue: string } }[] }[] }[] }
    const [record] = resource?.scopeLogs[0]?.logRecords ?? []
    expect(record?.timeUnixNano).toBe('1770000000000000000')
    expect(JSON.parse(record?.body.stringValue ?? '')).toMatchObject({ class_uid: 3005, activity_id: 1, actor: { user: { uid: 'owner' } } })
  })
})

it('a receiver that is away holds nothing up: what waits is bounded, and it is tried again later', async () => {
  const port = await freePort()
  const clock = new FakeClock()
  const { sinks, log } = sinksTo({ syslog: `tcp://127.0.0.1:${port}` }, clock)
  for (let seq = 1; seq <= 6_000; seq += 1) sinks.offer(row(seq))
  while (log.lines.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const again = createServer().listen(port, '127.0.0.1')
  ends.push(() => again.close())
  await once(again, 'listening')
  const lines = heard(again, 5_000)
  await clock.advance(30_000)
  expect((await lines).map((line) => JSON.parse(line.slice(line.indexOf('{'))).seq).at(-1)).toBe(6_000)
})

import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import Value from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gatewaySection, type GatewayConfig } from '../../gateway/src/api/config.ts'
import { canonicalPath, cookieOf } from '../../gateway/src/api/http/respond.ts'
import { judgeSource } from '../../gateway/src/api/source.ts'
import { runDoor, type RunningDoor } from '../../gateway/src/api/testing/test-client.ts'
import { exchange } from '../attacks/raw-http.ts'
import { fuzzRuns } from '../support/fuzz-runs.ts'

const name = '__Host-moltbot'
const withHeaders = (headers: Record<string, string | undefined>, peer = '203.0.113.9', local = '192.0.2.1'): IncomingMessage =>
  ({ headers, socket: { remoteAddress: peer, localAddress: local } }) as unknown as IncomingMessage
const config = Value.Default(gatewaySection.schema, {}) as GatewayConfig

const separators = fc.constantFrom(';', ',', ' ', '\t', '=', '"', `${name}`, `${name}=`, `${name}_form=`, `x${name}=`, `${name.toLowerCase()}=`, '__proto__=', '%3B', '\u0000', '$Version=1')
const cookieText = fc.array(fc.oneof(separators, fc.string({ unit: 'binary-ascii', maxLength: 8 })), { maxLength: 14 }).map((parts) => parts.join(''))

describe('SES-09: cookies', () => {
  it('SES-09: of any header, only a pair of exactly this name is read, the first, and its value whole', () => {
    fc.assert(fc.property(cookieText, (header) => {
      const read = cookieOf(withHeaders({ cookie: header }), name)
      const pairs = header.split(';').map((part) => part.trim())
      const own = pairs.find((pair) => new RegExp(`^${name}\\s*=`).test(pair))
      expect(read).toBe(own === undefined ? undefined : own.slice(own.indexOf('=') + 1).trim())
    }), fuzzRuns(500))
  })

  it('SES-09: a value of ours is found wherever it stands among others', () => {
    const value = fc.stringMatching(/^[A-Za-z0-9_-]{43}$/)
    const other = fc.stringMatching(/^[a-z_-]{1,10}=[\w"%-]{0,20}$/).filter((pair) => !pair.startsWith(name))
    fc.assert(fc.property(value, fc.array(other, { maxLength: 5 }), fc.array(other, { maxLength: 5 }), (own, before, after) => {
      expect(cookieOf(withHeaders({ cookie: [...before, `${name}=${own}`, ...after].join('; ') }), name)).toBe(own)
    }), fuzzRuns(300))
  })

  it('SES-09 twin: a reader that looks for the name anywhere is found out', () => {
    const careless = (header: string): string | undefined => new RegExp(`${name}=([^;]*)`).exec(header)?.[1]?.trim()
    expect(fc.check(fc.property(cookieText, (header) => careless(header) === cookieOf(withHeaders({ cookie: header }), name)), { numRuns: 2_000 }).failed).toBe(true)
  })
})

const forwarding = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip', 'x-client-ip']
const addresses = fc.constantFrom('127.0.0.1', '::1', 'localhost', '10.0.0.1', '127.0.0.1, 10.0.0.1', 'for=127.0.0.1', '', '::ffff:127.0.0.1', '0', '2130706433')
const hosts = fc.oneof(fc.constantFrom('localhost', '127.0.0.1:18789', '[::1]', 'LOCALHOST.', 'localhost.evil.example', 'evil.example', '127.0.0.1.evil.example', '127.1', 'localhost:18789@evil.example', '[::ffff:127.0.0.1]', 'localhost\t', '192.0.2.1', '0.0.0.0'), fc.string({ maxLength: 20 }))
const origins = fc.oneof(fc.constantFrom('null', 'http://localhost', 'https://localhost', 'http://localhost:18789', 'http://evil.example', 'http://localhost.evil.example', 'file://', 'http://localhost@evil.example', 'HTTP://LOCALHOST', ''), fc.webUrl(), fc.string({ maxLength: 20 }))
const sites = fc.constantFrom('same-origin', 'same-site', 'cross-site', 'none', 'Same-Origin', '')
const headers = fc.record({ host: hosts, origin: origins, 'sec-fetch-site': sites, 'user-agent': fc.string({ maxLength: 10 }) }, { requiredKeys: [] })
const forwarded = fc.dictionary(fc.constantFrom(...forwarding), addresses, { maxKeys: 3 })
const peers = fc.constantFrom('127.0.0.1', '::1', '::ffff:127.0.0.1', '203.0.113.9', '10.0.0.1', 'fe80::1%eth0')

describe('WSH-12: headers', () => {
  it('WSH-12: nobody is taken for local, or for our page, by anything they write', () => {
    fc.assert(fc.property(headers, forwarded, peers, fc.boolean(), (given, hops, peer, strict) => {
      const source = judgeSource(withHeaders({ ...given, ...hops }, peer), config, strict)
      if (source.kind === 'refused') return
      const loopback = ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(peer)
      expect(Object.keys(hops)).toEqual([])
      expect([source.address.replace('::ffff:', ''), source.local]).toEqual([peer.replace('::ffff:', '').replace('%eth0', ''), loopback && source.local])
      const host = (given.host ?? '').toLowerCase()
      expect(host.replace(/:\d{1,5}$/, '')).toMatch(/^(?:localhost|127\.0\.0\.1|\[::1\]|192\.0\.2\.1)$/)
      if (source.sameOrigin) expect(given.origin === undefined || given.origin === 'null' ? given['sec-fetch-site'] : given.origin.toLowerCase()).toBe(given.origin === undefined || given.origin === 'null' ? 'same-origin' : `http://${host}`)
      if (strict && given['sec-fetch-site'] === 'cross-site') expect(given.origin).toBe(undefined)
    }), fuzzRuns(1_000))
  })

  it('WSH-12: a path is read in one way or not at all', () => {
    const pieces = fc.constantFrom('/', '//', '.', '..', '%2e', '%2F', '%252e', '\\', '%5c', 'a', 'assets', '?', '#', ';', '%00', '%', '%zz', '\u00e9', 'http://evil', '@')
    fc.assert(fc.property(fc.array(pieces, { maxLength: 10 }).map((parts) => `/${parts.join('')}`), (url) => {
      const read = canonicalPath(url)
      if (read === undefined) return
      // A second reader, the platform's own, sees the same path: nothing was left to be folded.
      expect(decodeURIComponent(new URL(url, 'http://h').pathname)).toBe(decodeURIComponent(read.path))
      expect(read.path).not.toMatch(/\/\.{1,2}(?:\/|$)|\/\/|\\|%2f|%5c|%00/i)
    }), fuzzRuns(1_000))
  })
})

describe('HTTP-02: whole requests', () => {
  let door: RunningDoor
  beforeAll(async () => { door = await runDoor() })
  afterAll(() => door.close())

  it('HTTP-02: random lines and headers get an answer that is no success and no failure of ours, and the door stays', async () => {
    const line = fc.tuple(fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'get', 'TRACE', 'PRI', ''), fc.constantFrom(' ', '  ', '\t', ''), fc.constantFrom('/', '*', '/v1/models', '/login', '/?token=x', 'http://h/', '/%2e%2e', ''), fc.constantFrom(' HTTP/1.1', ' HTTP/1.0', ' HTTP/2.0', '', ' HTTP/1.1 ')).map((parts) => parts.join(''))
    const header = fc.oneof(
      fc.tuple(fc.constantFrom('Cookie', 'Authorization', 'Host', 'Content-Length', 'Transfer-Encoding', 'X', ':', ''), fc.constantFrom(': ', ':', ' : ', ''), fc.oneof(fc.constantFrom('0', '-1', 'chunked', '1e9', `${name}=x`, 'Bearer x'), fc.string({ unit: 'binary-ascii', maxLength: 12 }))).map((parts) => parts.join('')),
      fc.string({ unit: 'binary', maxLength: 12 }),
    )
    await fc.assert(fc.asyncProperty(line, fc.array(header, { maxLength: 5 }), fc.constantFrom('\r\n', '\n', '\r'), async (first, lines, end) => {
      const { answers } = await exchange(door.port, `${[first, `Host: 127.0.0.1:${door.port}`, 'Connection: close', ...lines].join(end)}${end}${end}`, { halfClose: true })
      for (const { status, headers: told } of answers) {
        expect([200, 302, 303, 400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 417, 421, 426, 429, 431, 501, 505]).toContain(status)
        expect(told.get('set-cookie') ?? '').not.toMatch(new RegExp(`${name}=[^;]`))
      }
    }), fuzzRuns(150))
    expect((await fetch(`${door.url}/healthz`)).status).toBe(200)
  })
})

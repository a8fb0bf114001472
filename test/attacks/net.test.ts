import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AgentId } from '@moltbot/contract'
import { classifyAddress } from '../../gateway/src/foundation/egress/index.ts'
import type { WebRequest } from '../../gateway/src/foundation/egress/index.ts'
import { commandIdentity, createEgressWorld, otherPublicAddress, ownerIdentity, publicAddress, secretOf, type EgressWorld } from '../../gateway/src/foundation/egress/testing/egress-world.ts'
import { askInside, plainThrough, rawThrough, tlsInside, tunnelThrough, type ProxyPlace } from '../../gateway/src/foundation/egress/testing/proxy-client.ts'

/** Every spelling of an inside address that a URL parser takes, and those that it does not. */
const insideHosts = [
  '127.0.0.1', '0x7f000001', '2130706433', '017700000001', '127.1', '127.0.1', '0177.0.0.1', '0x7f.1', '0x7f.0x0.0x0.0x1', '127.0.0.1.', '①②⑦.⓪.⓪.①', '127。0。0。1', '127.127.127.127',
  '0', '0.0.0.0', '00.0.0.0', 'localhost', 'LOCALHOST', 'loc%61lhost', 'ⓛocalhost', 'localhost.', 'a.localhost', '[::1]', '[::]', '[::127.0.0.1]', '[::ffff:127.0.0.1]', '[0:0:0:0:0:ffff:7f00:1]', '[::ffff:7f00:1]',
  '[::ffff:0:127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[2001:0:7f00:1::1]', '[fc00::1]', '[fd00:ec2::254]', '[fe80::1]', '[fe80::1%25eth0]', '[100::1]', '[ff02::1]', '169.254.169.254', '2852039166', '0xa9fea9fe',
  'metadata.google.internal', 'metadata.google.internal.', '10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '100.100.100.200', '168.63.129.16', '192.0.0.1', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255',
  '203.0.114.7', 'router', 'nas.local', '1.1.1.1@127.0.0.1', '127.0.0.1#@example.com',
]

let world: EgressWorld
let place: ProxyPlace
beforeEach(async () => {
  world = await createEgressWorld()
  world.configure({ egress: { commands: { allow: ['*'] } } })
  place = { path: world.egress.socketPath }
})
afterEach(() => world.close())

const get = (url: string, over: Partial<WebRequest> = {}) =>
  world.egress.request(ownerIdentity, { url, headers: { 'user-agent': 'test' }, bytesMax: 1_000_000, timeoutMs: 60_000, redirectsMax: 5, signal: new AbortController().signal, ...over })
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'it went through', (error: { code?: string }) => error.code ?? String(error))
const token = (): string => world.egress.admit(commandIdentity)

describe('NET-01 addresses of the inside', () => {
  it.each(insideHosts)('NET-01 %s is refused before anything is connected, by the client and by the proxy', async (host) => {
    world.configure({ egress: { ports: [80, 443, 18789], commands: { allow: ['*', '127.0.0.1', '169.254.169.254', 'localhost'] }, web: { allow: ['*', '127.0.0.1', '169.254.169.254'] } } })
    for (const scheme of ['http', 'https']) expect(await codeOf(get(`${scheme}://${host}/`)), host).toMatch(/^egress-(?:url|host-refused|address-refused)$/)
    if (/^[\x21-\x7e]+$/.test(host)) {
      expect((await plainThrough(place, token(), `http://${host}/`)).status).toBeGreaterThanOrEqual(400)
      expect((await tunnelThrough(place, token(), `${host}:443`)).status).toBeGreaterThanOrEqual(400)
    }
    expect([world.opened, world.resolved]).toEqual([[], []])
  })

  it('NET-01 a host that other parsers read otherwise goes nowhere', async () => {
    expect(await codeOf(get('http://example.com\\@127.0.0.1/'))).toBe('egress-url')
    expect(await codeOf(get('http://example.com:80@127.0.0.1/'))).toBe('egress-url')
    expect(world.opened).toEqual([])
  })

  it('NET-01 what is refused is also refused where a name leads to it', async () => {
    const kinds = new Map<string, string>()
    for (const address of ['127.0.0.1', '10.1.2.3', '172.31.255.255', '192.168.0.1', '169.254.169.254', '100.64.1.1', '0.0.0.0', '192.0.2.1', '198.51.100.1', '203.0.113.9', '203.0.114.7', '224.0.0.251', '255.255.255.255',
      '192.88.99.1', '::1', '::', '::ffff:8.8.8.8', '::8.8.8.8', '64:ff9b::a00:1', '64:ff9b:1::808:808', '2001::1', '2001:20::1', '2001:db8::1', '2002:808:808::1', 'fc00::1', 'fe80::1', 'fec0::1', 'ff02::1', '3fff::1', '5f00::1', '010.0.0.1', '1.2.3', 'fe80::1%eth0']) {
      world.names.set('site.example', [address])
      kinds.set(address, await codeOf(get('http://site.example/')))
    }
    expect([...kinds].filter(([, code]) => code !== 'egress-address-refused')).toEqual([])
    expect(world.opened).toEqual([])
    // The other side: what the public network is made of is not refused.
    for (const address of ['8.8.8.8', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '64:ff9b::808:808', '2a00:1450::1']) expect([address, classifyAddress(address)]).toEqual([address, 'public'])
  })

  it('NET-01 with names resolved by somebody who does not judge, the inside is reached: the judging is what stops it', async () => {
    const inside = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\ninside')).listen(0, '127.0.0.1')
    await once(inside, 'listening')
    // A world whose resolver hides the truth: the same machine, seen under a public address.
    world.lead(`${publicAddress}:80`, (inside.address() as AddressInfo).port)
    world.names.set('liar.example', [publicAddress])
    expect((await get('http://liar.example/')).body.toString()).toBe('inside')
    world.names.set('liar.example', ['127.0.0.1'])
    expect(await codeOf(get('http://liar.example/'))).toBe('egress-address-refused')
    inside.close()
  })

  it('NET-01 a private address is reached only where the operator wrote down that very address and port', async () => {
    const asked = await world.serve('unused.example', (_, response) => response.end('home'), { address: '192.168.1.10', port: 8123 })
    world.configure({ egress: { web: { allow: ['*', '192.168.1.10:8123'] } } })
    expect((await get('http://192.168.1.10:8123/')).body.toString()).toBe('home')
    expect(await codeOf(get('http://192.168.1.10/'))).toBe('egress-host-refused')
    world.names.set('rebound.example', ['192.168.1.10'])
    world.configure({ egress: { web: { allow: ['*', '192.168.1.10:8123', 'rebound.example:8123'] } } })
    expect(await codeOf(get('http://rebound.example:8123/'))).toBe('egress-address-refused')
    expect(asked).toHaveLength(1)
  })
})

describe('NET-02 names that lead inside', () => {
  it('NET-02 one bad address among good ones refuses them all', async () => {
    await world.serve('site.example', (_, response) => response.end('ok'))
    for (const addresses of [[publicAddress, '127.0.0.1'], ['127.0.0.1', publicAddress], [publicAddress, '::1'], ['fd00::1']]) {
      world.names.set('site.example', addresses)
      expect(await codeOf(get('http://site.example/'))).toBe('egress-address-refused')
    }
    expect(world.opened).toEqual([])
  })

  it('NET-02 a name that changes its mind between question and connection is connected as it was judged', async () => {
    await world.serve('flip.example', (_, response) => response.end('judged'))
    let asked = 0
    world.names.set('flip.example', () => (++asked % 2 === 1 ? [publicAddress] : ['127.0.0.1']))
    expect((await get('http://flip.example/')).body.toString()).toBe('judged')
    // The second question is judged anew, and answered otherwise.
    expect(await codeOf(get('http://flip.example/'))).toBe('egress-address-refused')
    expect((await plainThrough(place, token(), 'http://flip.example/')).body).toContain('judged')
    expect([world.opened, asked]).toEqual([[`${publicAddress}:80`, `${publicAddress}:80`], 3])
  })
})

describe('NET-03 redirects', () => {
  it.each([301, 302, 303, 307, 308])('NET-03 a redirect (%i) is judged like a new request', async (status) => {
    let location = ''
    await world.serve('site.example', (_, response) => response.writeHead(status, { location }).end())
    for (location of ['http://127.0.0.1/', 'http://2130706433/', '//169.254.169.254/latest', 'http://[::ffff:7f00:1]/', 'http://localhost:18789/', 'file:///etc/passwd', 'gopher://site.example/', 'data:text/plain,x', 'http://user:pw@site.example/', 'http://']) {
      expect([location, await codeOf(get('http://site.example/'))]).toEqual([location, expect.stringMatching(/^egress-(?:url|host-refused|address-refused|redirect)$/)])
    }
    expect(new Set(world.opened)).toEqual(new Set([`${publicAddress}:80`]))
  })

  it('NET-03 ends after the configured number of hops', async () => {
    const asked = await world.serve('site.example', (request, response) => response.writeHead(302, { location: `/${Number(request.url?.slice(1) ?? 0) + 1}` }).end())
    expect(await codeOf(get('http://site.example/0', { redirectsMax: 5 }))).toBe('egress-redirect')
    expect(asked).toHaveLength(6)
  })

  it('NET-03 never goes from https to http', async () => {
    await world.serveTls('safe.example', (_, response) => response.writeHead(302, { location: 'http://site.example/' }).end())
    expect(await codeOf(get('https://safe.example/'))).toBe('egress-redirect')
  })
})

it.each(['file:///etc/passwd', 'ftp://site.example/', 'gopher://site.example/', 'dict://site.example/', 'jar:http://site.example!/', 'data:text/plain,x', 'blob:http://site.example/1', 'javascript:1', 'unix:/var/run/docker.sock', 'http+unix://%2Fvar%2Frun%2Fdocker.sock/x', 'ws://site.example/', ' ', 'site.example'])(
  'NET-04 the scheme of %j is not served', async (url) => {
    world.names.set('site.example', [publicAddress])
    expect(await codeOf(get(url))).toBe('egress-url')
    expect((await plainThrough(place, token(), url.trim() === '' ? 'x' : url)).status).toBeGreaterThanOrEqual(400)
    expect(world.opened).toEqual([])
  },
)

it('NET-05 ports that are not open are refused on public names, unless a rule names them', async () => {
  world.names.set('site.example', [publicAddress])
  for (const port of [22, 25, 6379, 18789, 2375, 8080]) {
    expect(await codeOf(get(`http://site.example:${port}/`))).toBe('egress-port')
    expect((await tunnelThrough(place, token(), `site.example:${port}`)).refused).toBe('egress-port')
  }
  expect([world.opened, world.resolved]).toEqual([[], []])
  await world.serve('site.example', (_, response) => response.end('ok'), { port: 8080 })
  world.configure({ egress: { web: { allow: ['site.example:8080'] } } })
  expect((await get('http://site.example:8080/')).body.toString()).toBe('ok')
  expect(await codeOf(get('http://site.example/'))).toBe('egress-host-refused')
})

it('NET-06 no proxy of the environment is ever used', async () => {
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY', 'NO_PROXY'] as const
  const before = names.map((name) => process.env[name])
  let caught = 0
  const trap = createServer((socket) => { caught += 1; socket.destroy() }).listen(0, '127.0.0.1')
  await once(trap, 'listening')
  try {
    for (const name of names) process.env[name] = name === 'NO_PROXY' ? '' : name === 'NODE_USE_ENV_PROXY' ? '1' : `http://127.0.0.1:${(trap.address() as AddressInfo).port}`
    await world.serve('site.example', (_, response) => response.end('direct'))
    await world.serveTls('safe.example', (_, response) => response.end('direct'))
    expect([(await get('http://site.example/')).body.toString(), (await get('https://safe.example/')).body.toString(), caught]).toEqual(['direct', 'direct', 0])
  } finally {
    names.forEach((name, index) => {
      const value = before[index]
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    })
    trap.close()
  }
})

it('NET-07 line breaks and other characters in an address or header cannot split a request', async () => {
  const asked = await world.serve('site.example', (_, response) => response.end('ok'))
  for (const url of ['http://site.example/a\r\nX: y', 'http://site.example/a b', 'http://site.example\t/x', 'http://site.example/\u0000']) expect(await codeOf(get(url))).toBe('egress-url')
  expect(asked).toEqual([])
  await get('http://site.example/%0d%0aX:%20y/ü?q=\u2028z')
  expect([asked[0]?.url, asked[0]?.headers['x']]).toEqual(['/%0d%0aX:%20y/%C3%BC?q=%E2%80%A8z', undefined])
  await expect(get('http://site.example/', { headers: { 'user-agent': 'a\r\nHost: other.example' } })).rejects.toThrow()
  expect(asked).toHaveLength(1)
  // Two lengths, and a body in pieces where the method expects none: neither becomes a second request.
  expect((await rawThrough(place, `POST http://site.example/ HTTP/1.1\r\nhost: site.example\r\nproxy-authorization: Bearer ${token()}\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`)).status).toBe(400)
  const inner = 'GET /smuggled HTTP/1.1\r\nhost: other.example\r\n\r\n'
  await plainThrough(place, token(), 'http://site.example/outer', { head: 'transfer-encoding: chunked\r\n', body: `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n` })
  expect(asked.map(({ url }) => url).slice(1)).toEqual(['/outer'])
  expect(asked[1]?.body).toBe(inner)
})

describe('NET-08 answers that never end well', () => {
  const bodyMax = 100_000
  it.each<[string, Parameters<EgressWorld['serve']>[1], RegExp]>([
    ['nothing at all', () => undefined, /egress-timeout/],
    ['a byte now and then', (_, response) => {
      const timer = setInterval(() => response.write('x'), 20)
      response.once('close', () => clearInterval(timer))
    }, /egress-timeout/],
    ['more than is read', (_, response) => {
      const more = (): void => { while (response.write('x'.repeat(65_536))) { /* until it is full */ } }
      response.on('drain', more)
      more()
    }, /egress-too-large/],
    ['a length of ten gigabytes', (_, response) => response.writeHead(200, { 'content-length': '10000000000' }).write('x'), /egress-too-large/],
    ['a bomb', (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(20_000_000))), /egress-too-large/],
    ['an unknown packing', (_, response) => response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end('x'), /egress-broken-answer/],
    ['broken packing', (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('not gzip'), /egress-broken-answer/],
    ['a length that is not kept', (_, response) => { response.writeHead(200, { 'content-length': '100' }).write('x'); setImmediate(() => response.destroy()) }, /egress-broken-answer/],
    ['a hundred thousand headers', (_, response) => { response.socket?.write(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(100_000)}\r\n`) }, /egress-broken-answer/],
    ['another protocol', (_, response) => { response.socket?.write('SSH-2.0-OpenSSH\r\n') }, /egress-broken-answer/],
  ])('NET-08 %s', async (_, handler, code) => {
    await world.serve('site.example', handler)
    expect(await codeOf(get('http://site.example/', { bytesMax: bodyMax, timeoutMs: String(code).includes('timeout') ? 700 : 60_000 }))).toMatch(code)
  })
})

describe('NET-09 certificates', () => {
  let strict: string | undefined
  beforeAll(() => { strict = process.env['NODE_TLS_REJECT_UNAUTHORIZED'] })
  afterAll(() => {
    if (strict === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = strict
  })

  it('NET-09 self-signed, expired and wrong ones are refused, and nothing is sent', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    const stranger = await createEgressWorld()
    const asked = [
      await world.serveTls('self.example', (_, response) => response.end(), { certificate: stranger.authority.issue(['self.example']), address: '93.184.216.1' }),
      await world.serveTls('wrong.example', (_, response) => response.end(), { certificate: world.authority.issue(['right.example']), address: '93.184.216.2' }),
      await world.serveTls('old.example', (_, response) => response.end(), { certificate: world.authority.issue(['old.example'], -1), address: '93.184.216.3' }),
    ]
    for (const host of ['self.example', 'wrong.example', 'old.example']) expect([host, await codeOf(get(`https://${host}/`))]).toEqual([host, 'egress-certificate'])
    expect(asked).toEqual([[], [], []])
    await stranger.close()
  })
})

describe('NET-10 credentials', () => {
  const key = secretOf('upstream')
  beforeEach(() => {
    world.secrets.set('egress.credentials.api.value', key)
    world.configure({ egress: { commands: { allow: ['*'] }, credentials: { api: { host: 'api.example', value: '${API}' } } } })
  })
  const bearer = `Bearer ${key.open('test')}`

  it('NET-10 are added for the granted host over https only, and stay there when it redirects', async () => {
    let location = 'https://other.example/'
    const api = await world.serveTls('api.example', (_, response) => response.writeHead(302, { location }).end())
    const plain = await world.serve('api.example', (_, response) => response.end('plain'))
    const other = await world.serveTls('other.example', (_, response) => response.end('other'), { address: otherPublicAddress })
    expect((await get('https://api.example/')).body.toString()).toBe('other')
    expect([api[0]?.headers.authorization, other[0]?.headers.authorization]).toEqual([bearer, undefined])
    location = 'https://sub.api.example/'
    await world.serveTls('sub.api.example', (_, response) => response.end('sub'), { address: '93.184.216.9' })
    await get('https://api.example/')
    await get('http://api.example/')
    expect(plain[0]?.headers.authorization).toBeUndefined()
    await world.serveTls('api.example:8443', (_, response) => response.end(), { port: 8443, certificate: world.authority.issue(['api.example']) })
    expect(JSON.stringify([other, plain])).not.toContain(key.open('test'))
  })

  it('NET-10 reach a command\'s request where it leaves, and never the command', async () => {
    const api = await world.serveTls('api.example', (request, response) => response.writeHead(200, { 'x-got': String(request.headers.authorization !== undefined) }).end('from upstream'))
    const answer = await plainThrough(place, token(), 'http://api.example/v1/me?x=1')
    expect([answer.status, answer.body, api[0]?.url, api[0]?.headers.authorization, api[0]?.headers['proxy-authorization']]).toEqual([200, expect.stringContaining('from upstream'), '/v1/me?x=1', bearer, undefined])
    expect(JSON.stringify(answer)).not.toContain(key.open('test'))
    expect(world.opened).toEqual([`${publicAddress}:443`])
  })

  it('NET-10 are the owner\'s: no guest, no other agent', async () => {
    world.configure({ egress: { commands: { allow: ['*'] }, credentials: { api: { host: 'api.example', value: 'x', agents: ['work'] } } } })
    const api = await world.serveTls('api.example', (_, response) => response.end('ok'))
    await get('https://api.example/')
    await world.egress.request({ ...ownerIdentity, agent: 'work' as AgentId, owner: false }, { url: 'https://api.example/', headers: {}, bytesMax: 100, timeoutMs: 60_000, redirectsMax: 0, signal: new AbortController().signal })
    await world.egress.request({ ...ownerIdentity, agent: 'work' as AgentId }, { url: 'https://api.example/', headers: {}, bytesMax: 100, timeoutMs: 60_000, redirectsMax: 0, signal: new AbortController().signal })
    expect(api.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined, bearer])
  })

  it('NET-10 no cookie is kept, and one secret header stays with its origin', async () => {
    const site = await world.serveTls('site.example', (_, response) => response.writeHead(302, { 'set-cookie': 'a=b', location: 'https://other.example/' }).end())
    const other = await world.serveTls('other.example', (_, response) => response.writeHead(302, { location: 'https://site.example:443/again' }).end(), { address: otherPublicAddress })
    expect(await codeOf(get('https://site.example/', { redirectsMax: 2, secretHeader: { name: 'x-key', value: 'k' } }))).toBe('egress-redirect')
    expect(site.map(({ headers }) => [headers['x-key'], headers.cookie])).toEqual([['k', undefined], ['k', undefined]])
    expect(other.map(({ headers }) => [headers['x-key'], headers.cookie])).toEqual([[undefined, undefined]])
  })
})

it('NET-11 a rule for a host fits that host and nothing that looks like it', async () => {
  world.configure({ egress: { web: { allow: ['api.example', '*.wild.example'], deny: ['bad.wild.example'] } } })
  await world.serve('api.example', (_, response) => response.end('ok'))
  for (const name of ['api.example.attacker.test', 'evil-api.example', 'xapi.example', 'sub.api.example', 'wild.example', 'evilwild.example', 'bad.wild.example', 'аpi.example', 'api.example.attacker.example']) {
    world.names.set(new URL(`http://${name}`).hostname, [publicAddress])
    expect([name, await codeOf(get(`http://${name}/`))]).toEqual([name, 'egress-host-refused'])
  }
  for (const url of ['http://api.example/', 'http://API.EXAMPLE/', 'http://api.example./', 'http://api.example:80/']) expect([url, (await get(url)).status]).toEqual([url, 200])
  expect(await codeOf(get('http://api.example@other.example/'))).toBe('egress-url')
  expect(await codeOf(get('http://93.184.216.34/'))).toBe('egress-host-refused')
})

describe('NET-12 a secret in what is about to leave', () => {
  const canary = 'Canary-7f3b9d2e51c8/a+b=='
  const bytes = Buffer.from(canary)
  const spelled: [string, string][] = [
    ['plain', encodeURIComponent(canary)], ['base64', bytes.toString('base64url')], ['base64 inside more', Buffer.from(`x${canary}yz`).toString('base64url')], ['base64 inside more, shifted', Buffer.from(`xy${canary}z`).toString('base64url')],
    ['hex', bytes.toString('hex')], ['upper-case hex', bytes.toString('hex').toUpperCase()], ['percent', [...bytes].map((byte) => `%${byte.toString(16)}`).join('')], ['percent twice', encodeURIComponent([...bytes].map((byte) => `%${byte.toString(16)}`).join(''))],
    ['reversed', encodeURIComponent([...canary].reverse().join(''))],
  ]
  beforeEach(() => {
    world.leaks.add(canary)
    world.names.set('sink.example', [publicAddress])
  })

  it.each(spelled)('NET-12 %s in an address, by the client and by the proxy', async (_, text) => {
    const asked = await world.serve('sink.example', (__, response) => response.end())
    expect(await codeOf(get(`http://sink.example/?q=${text}`))).toBe('egress-secret')
    expect((await plainThrough(place, token(), `http://sink.example/${text}`)).refused).toBe('egress-secret')
    expect((await plainThrough(place, token(), 'http://sink.example/', { head: `x-data: ${text}\r\n` })).refused).toBe('egress-secret')
    expect(asked).toEqual([])
    expect(world.refusals.map(({ code }) => code)).toEqual(['egress-secret', 'egress-secret'])
  })

  it('NET-12 in a body, split over pieces', async () => {
    const asked = await world.serve('sink.example', (request, response) => request.once('end', () => response.end('took it')).resume())
    const hex = bytes.toString('hex')
    const pieces = ['data=', hex.slice(0, 9), hex.slice(9), '&more'].map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')
    expect((await plainThrough(place, token(), 'http://sink.example/', { method: 'POST', head: 'transfer-encoding: chunked\r\n', body: `${pieces}0\r\n\r\n` })).refused).toBe('egress-secret')
    expect(asked.map(({ body }) => body).join('')).not.toContain(hex)
    expect((await plainThrough(place, token(), 'http://sink.example/', { method: 'POST', head: 'content-length: 4\r\n', body: 'fine' })).body).toBe('took it')
  })

  it('NET-12 in a name that would be resolved', async () => {
    const label = bytes.toString('hex')
    expect(await codeOf(get(`http://${label.slice(0, 60)}.sink.example/`))).toMatch(/egress-secret|egress-unresolved/)
    expect((await tunnelThrough(place, token(), `${label}.sink.example:443`)).refused).toBe('egress-secret')
    expect(world.resolved.filter((name) => name.includes(label))).toEqual([])
  })
})

describe('SBX-04 the proxy is not to be talked into more', () => {
  it('SBX-04 serves nobody without a capability', async () => {
    world.names.set('site.example', [publicAddress])
    for (const given of [undefined, '', 'wrong', 'x'.repeat(300)]) {
      expect((await plainThrough(place, given, 'http://site.example/')).status).toBe(407)
      expect((await tunnelThrough(place, given, 'site.example:443')).status).toBe(407)
    }
    expect([world.opened, world.resolved]).toEqual([[], []])
  })

  it('SBX-04 each capability has the hosts of its own agent and use', async () => {
    await world.serve('site.example', (_, response) => response.end('ok'))
    world.configure({ egress: { commands: { allow: [] }, agents: { work: { commands: { allow: ['site.example'] } } } } })
    const work = world.egress.admit({ ...commandIdentity, agent: 'work' as AgentId })
    expect((await plainThrough(place, work, 'http://site.example/')).body).toBe('ok')
    expect((await plainThrough(place, token(), 'http://site.example/')).refused).toBe('egress-host-refused')
    expect([world.egress.reachesAnything('commands', ownerIdentity.agent), world.egress.reachesAnything('commands', 'work' as AgentId)]).toEqual([false, true])
    expect(world.egress.admit(commandIdentity)).toBe(world.egress.admit(commandIdentity))
    const day = await world.egress.day(0)
    expect(day.rows.map(({ agent, use, connections, refused }) => [agent, use, connections, refused])).toEqual(expect.arrayContaining([['work', 'commands', 1, 0], ['main', 'commands', 0, 1]]))
    expect(world.refusals).toMatchObject([{ host: 'site.example', code: 'egress-host-refused', identity: { use: 'commands' } }])
  })

  it('SBX-04 a tunnel carries TLS for its own host and nothing else', async () => {
    await world.serveTls('site.example', (_, response) => response.end('inside'))
    const good = await tunnelThrough(place, token(), 'site.example:443')
    expect(await askInside(await tlsInside(good.socket, 'site.example', world.authority.ca), 'site.example')).toContain('inside')
    for (const name of ['other.example', undefined]) {
      const { socket } = await tunnelThrough(place, token(), 'site.example:443')
      await expect(tlsInside(socket, name, world.authority.ca)).rejects.toThrow()
    }
    const { socket } = await tunnelThrough(place, token(), 'site.example:443')
    socket.resume()
    const closed = once(socket, 'close')
    socket.write('GET / HTTP/1.1\r\nhost: site.example\r\n\r\n')
    await closed
    expect(world.refusals.map(({ code }) => code)).toEqual(['egress-host-refused', 'egress-url'])
  })

  it.each([
    ['CONNECT 93.184.216.34:443 HTTP/1.1\r\nhost: 93.184.216.34:443'], ['CONNECT site.example:443 HTTP/1.1\r\nhost: other.example:443'], ['CONNECT site.example HTTP/1.1\r\nhost: site.example'],
    ['CONNECT 0x5db8d822:443 HTTP/1.1\r\nhost: x'], ['CONNECT site.example:443@other.example:443 HTTP/1.1\r\nhost: x'], ['GET http://site.example/ HTTP/1.1\r\nhost: other.example'], ['GET / HTTP/1.1\r\nhost: site.example'],
    ['GET https://site.example/ HTTP/1.1\r\nhost: site.example'], ['PRI * HTTP/2.0'], ['GET http://127.0.0.1:18789/ HTTP/1.0'], ['GET http://site.example:22/ HTTP/1.0'],
  ])('SBX-04 refuses %j', async (start) => {
    world.names.set('site.example', [publicAddress])
    expect((await rawThrough(place, `${start}\r\nproxy-authorization: Bearer ${token()}\r\n\r\n`)).status).toBeGreaterThanOrEqual(400)
    expect(world.opened).toEqual([])
  })

  it('SBX-04 goes on serving while others send garbage, hang up in the middle or say nothing', async () => {
    await world.serve('site.example', (request, response) => (request.url === '/broken' ? response.destroy() : response.end('ok')))
    const silent = await Promise.all(Array.from({ length: 40 }, () => new Promise<Socket>((resolve, reject) => {
      const socket = connect({ path: world.egress.socketPath }, () => resolve(socket)).on('error', reject)
    })))
    for (const [index, socket] of silent.entries()) socket.on('error', () => undefined).write(['\0'.repeat(9_000), 'GET http://site.example/ HTTP/1.1\r\n', 'CONNECT ', '\x16\x03\x01'][index % 4] ?? '')
    for (const socket of silent.slice(0, 20)) socket.destroy()
    for (let round = 0; round < 5; round += 1) {
      await rawThrough(place, `${'A'.repeat(200 * round)} nonsense\r\n\r\n`)
      expect((await plainThrough(place, token(), 'http://site.example/broken')).status).toBeGreaterThanOrEqual(500)
      expect((await plainThrough(place, token(), 'http://site.example/')).body).toBe('ok')
    }
    for (const socket of silent) socket.destroy()
  })

  it('SBX-04 what is switched off is cut while it runs', async () => {
    await world.serveTls('site.example', (_, response) => void response.write('begun'))
    const { socket } = await tunnelThrough(place, token(), 'site.example:443')
    const tls = await tlsInside(socket, 'site.example', world.authority.ca)
    const closed = new Promise((resolve) => tls.on('error', () => undefined).once('close', resolve))
    world.configure({ egress: { enabled: false } })
    await closed
    expect((await tunnelThrough(place, token(), 'site.example:443')).refused).toBe('egress-off')
  })

  it('SBX-04 a connection and a day have an end', async () => {
    await world.serve('site.example', (request, response) => (request.url === '/big' ? response.end('x'.repeat(2_000_000)) : request.once('end', () => response.end('ok')).resume()))
    world.configure({ egress: { commands: { allow: ['*'] }, mbPerConnection: 1, mbOutPerDay: 1 } })
    expect((await plainThrough(place, token(), 'http://site.example/big')).body.length).toBeLessThanOrEqual(1_048_576)
    const body = 'y'.repeat(1_048_000)
    expect((await plainThrough(place, token(), 'http://site.example/', { method: 'POST', head: `content-length: ${body.length}\r\n`, body })).body).toBe('ok')
    expect((await plainThrough(place, token(), 'http://site.example/', { method: 'POST', head: 'content-length: 1500000\r\n', body: 'y'.repeat(1_500_000) })).status).toBeGreaterThanOrEqual(400)
    // A little more, and the day's amount is passed.
    await plainThrough(place, token(), 'http://site.example/', { method: 'POST', head: 'content-length: 1000\r\n', body: 'y'.repeat(1_000) })
    expect((await plainThrough(place, token(), 'http://site.example/')).refused).toBe('egress-quota')
  })
})

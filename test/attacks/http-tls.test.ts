import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { createServer as createTlsServer } from 'node:tls'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { realClock } from '@moltbot/contract/testing'
import { runDoor, type RunningDoor } from '../../gateway/src/api/testing/test-client.ts'
import { makeAuthority, makeServerCertificate } from '../../gateway/src/api/tls/certificates.ts'
import { connectGateway } from '../../cli/src/gateway-client.ts'
import type { GatewayAddress } from '../../cli/src/gateway-address.ts'
import { runCommand } from '../../cli/src/testing/run-command.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'
import { exchange, requestText } from './raw-http.ts'

let world: TestGateway
let authority: string
beforeAll(async () => {
  world = await startTestGateway({ telegram: false, config: { gateway: { tls: { enabled: true } } } })
  authority = readFileSync(join(world.stateDir, 'tls', 'authority.pem'), 'utf8')
})
afterAll(() => world.close())

/** What a handshake ended in. */
function handshake(options: ConnectionOptions): Promise<{ socket: TLSSocket; protocol: string | null; cipher: string } | { error: string }> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: '127.0.0.1', port: world.gateway.port, ca: authority, ...options })
    socket.once('secureConnect', () => {
      // With TLS 1.3 the client is done before the server has looked at it; a word from the server settles it.
      socket.write(requestText(world.gateway.port, 'GET /healthz'))
      socket.once('data', () => resolve({ socket, protocol: socket.getProtocol(), cipher: socket.getCipher().name }))
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }))
    socket.once('close', () => resolve({ error: 'closed' }))
  })
}

describe('HTTP-15 TLS versions, suites, names', () => {
  it('HTTP-15: speaks TLS 1.3 with a suite that authenticates, under every name it is reached by', async () => {
    for (const servername of [undefined, 'localhost']) {
      const made = await handshake(servername === undefined ? {} : { servername })
      expect(made).toMatchObject({ protocol: 'TLSv1.3', cipher: expect.stringMatching(/^TLS_(AES_(128|256)_GCM|CHACHA20_POLY1305)_SHA(256|384)$/) })
      if ('socket' in made) made.socket.destroy()
    }
  })

  it.each(['TLSv1', 'TLSv1.1', 'TLSv1.2'] as const)('HTTP-15: %s is refused', async (version) => {
    expect(await handshake({ minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' })).toHaveProperty('error')
  })

  it('HTTP-15: suites without authentication or encryption are refused', async () => {
    expect(await handshake({ maxVersion: 'TLSv1.2', ciphers: 'aNULL:eNULL:RC4:3DES@SECLEVEL=0' })).toHaveProperty('error')
  })

  it('HTTP-15: a name that is not in the certificate, an authority that is not ours: clients notice', async () => {
    expect(await handshake({ servername: 'evil.example', host: '127.0.0.1' })).toEqual({ error: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    expect(await handshake({ ca: makeAuthority('Other', { now: Date.now(), random: randomBytes }).certificate })).toEqual({ error: expect.stringMatching(/^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)$/) })
  })

  it('HTTP-15: the private keys are sealed, and nothing of them lies in the state directory', () => {
    const config = JSON.parse(readFileSync(join(world.stateDir, 'running.json'), 'utf8')) as { tls: { fingerprint: string } }
    expect(config.tls.fingerprint).toBe(new X509Certificate(authority).fingerprint256)
    expect(() => readFileSync(join(world.stateDir, 'tls', 'authority.key'))).toThrow('ENOENT')
    expect(() => readFileSync(join(world.stateDir, 'tls', 'server.key'))).toThrow('ENOENT')
  })

  it('HTTP-15: the session cookie is bound to https', async () => {
    const made = await new Promise<string>((resolve, reject) => {
      const socket = connectTls({ host: '127.0.0.1', port: world.gateway.port, ca: authority }, () => socket.write(requestText(world.gateway.port, `GET /?token=${world.token}`, { Connection: 'close' })))
      let text = ''
      socket.on('data', (data) => (text += data.toString('latin1')))
      socket.on('error', reject)
      socket.on('close', () => resolve(text))
    })
    expect(made).toMatch(/set-cookie: __Host-moltbot_session_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure/i)
  })
})

describe('HTTP-15 pinning by our clients', () => {
  const client = (address: Partial<GatewayAddress>): ReturnType<typeof connectGateway> => connectGateway({
    address: { url: `wss://127.0.0.1:${world.gateway.port}`, tokens: [world.token], ...address },
    version: '0', platform: 'linux', clock: realClock, device: () => Promise.reject(new Error('no device here')), startCommand: 'moltbot gateway run', handshakeTimeoutMs: 5_000,
  })
  const plain = (fingerprint: string): string => fingerprint.replaceAll(':', '').toLowerCase()

  it('HTTP-15: connects by the pin of the authority and by that of the certificate, and not without one', async () => {
    const leaf = new X509Certificate(readFileSync(join(world.stateDir, 'tls', 'server.pem')))
    for (const fingerprint of [plain(new X509Certificate(authority).fingerprint256), plain(leaf.fingerprint256)]) {
      const connection = await client({ fingerprint })
      expect(connection.serverVersion).toBe('0.0.0-test')
      connection.close()
    }
    await expect(client({})).rejects.toMatchObject({ code: 'gateway-unreachable', message: expect.stringContaining('--tls-fingerprint') })
  })

  it('HTTP-15: sends nothing to another certificate, also when it comes with the authority\'s certificate beside it', async () => {
    const other = makeServerCertificate(makeAuthority('Moltbot local authority', { now: Date.now(), random: randomBytes }), ['127.0.0.1'], { now: Date.now(), random: randomBytes })
    let heard = 0
    const impostor = createTlsServer({ cert: `${other.certificate}${authority}`, key: other.key, minVersion: 'TLSv1.3' }, (socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (data) => (heard += data.length))
    })
    await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve))
    const { port } = impostor.address() as { port: number }
    try {
      await expect(client({ url: `wss://127.0.0.1:${port}`, fingerprint: plain(new X509Certificate(authority).fingerprint256) })).rejects.toMatchObject({ code: 'gateway-refused', message: expect.stringContaining('another certificate') })
      expect(heard).toBe(0)
    } finally {
      impostor.close()
    }
  })

  it('HTTP-15 twin: a client that does not look at the certificate talks to the impostor', async () => {
    const other = makeServerCertificate(makeAuthority('x', { now: Date.now(), random: randomBytes }), ['127.0.0.1'], { now: Date.now(), random: randomBytes })
    let heard = 0
    const impostor = createTlsServer({ cert: other.certificate, key: other.key }, (socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (data) => { heard += data.length; socket.destroy() })
    })
    await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve))
    const { port } = impostor.address() as { port: number }
    await new Promise<void>((resolve) => {
      const careless = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => careless.write('GET / HTTP/1.1\r\n\r\n'))
      careless.on('error', () => undefined)
      careless.on('close', () => resolve())
    })
    impostor.close()
    expect(heard).toBeGreaterThan(0)
  })

  it('HTTP-15: the command line finds, pins and shows it by itself', async () => {
    const shown = await runCommand(['gateway', 'tls', '--json'], { stateDir: world.stateDir })
    expect(JSON.parse(shown.out)).toMatchObject({ enabled: true, running: true, fingerprint: new X509Certificate(authority).fingerprint256, authorityFile: join(world.stateDir, 'tls', 'authority.pem') })
    const health = await runCommand(['gateway', 'status', '--json'], { stateDir: world.stateDir })
    expect(JSON.parse(health.out)).toMatchObject({ running: true, url: `wss://127.0.0.1:${world.gateway.port}` })
    // Without the Unix socket it goes by TLS.
    const file = join(world.stateDir, 'running.json')
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(before) as object), socketPath: undefined }))
    expect(JSON.parse((await runCommand(['gateway', 'status', '--json'], { stateDir: world.stateDir })).out)).toMatchObject({ running: true })
    writeFileSync(file, before)
  })
})

describe('HTTP-15 a certificate that was stolen', () => {
  const making = (now: number): { now: number; random: typeof randomBytes } => ({ now, random: randomBytes })
  /** Somebody who has a certificate and its key, and whether a client with this pin talks to them. */
  async function talksTo(stolen: { certificate: string; key: string }, pin: string): Promise<boolean> {
    let heard = 0
    const thief = createTlsServer({ cert: stolen.certificate, key: stolen.key, minVersion: 'TLSv1.3' }, (socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (data) => { heard += data.length; socket.destroy() })
    })
    await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve))
    const { port } = thief.address() as { port: number }
    const address = { url: `wss://127.0.0.1:${port}`, tokens: ['t'], fingerprint: pin.replaceAll(':', '').toLowerCase() }
    await connectGateway({ address, version: '0', platform: 'linux', clock: realClock, device: () => Promise.reject(new Error('no device here')), startCommand: 'moltbot gateway run', handshakeTimeoutMs: 5_000 }).catch(() => undefined)
    thief.close()
    return heard > 0
  }

  it('HTTP-15: ends by itself within two weeks, for our clients and for those that trust the authority', async () => {
    const issuer = makeAuthority('Moltbot local authority', making(Date.now() - 40 * 86_400_000))
    const pin = new X509Certificate(issuer.certificate).fingerprint256
    const signed = (days: number): { certificate: string; key: string } => {
      const leaf = makeServerCertificate(issuer, ['127.0.0.1'], making(Date.now() - days * 86_400_000))
      return { certificate: `${leaf.certificate}${issuer.certificate}`, key: leaf.key }
    }
    expect(await talksTo(signed(15), pin)).toBe(false)
    // The same, while it is young: what is refused above is refused for its age.
    expect(await talksTo(signed(1), pin)).toBe(true)
    const old = signed(15)
    const server = createTlsServer({ cert: old.certificate, key: old.key }, () => undefined)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const ended = await new Promise<string>((resolve) => {
      const socket = connectTls({ host: '127.0.0.1', port: (server.address() as { port: number }).port, ca: issuer.certificate }, () => resolve('connected'))
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    })
    server.close()
    expect(ended).not.toBe('connected')
  })

  it('HTTP-15 twin: a client that does not look at the end of a certificate talks to whoever has an old one', async () => {
    const old = makeServerCertificate(makeAuthority('Moltbot local authority', making(Date.now() - 40 * 86_400_000)), ['127.0.0.1'], making(Date.now() - 15 * 86_400_000))
    let heard = 0
    const thief = createTlsServer({ cert: old.certificate, key: old.key }, (socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (data) => { heard += data.length; socket.destroy() })
    })
    await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve))
    await new Promise<void>((resolve) => {
      const careless = connectTls({ host: '127.0.0.1', port: (thief.address() as { port: number }).port, rejectUnauthorized: false }, () => careless.write('GET / HTTP/1.1\r\n\r\n'))
      careless.on('error', () => undefined)
      careless.on('close', () => resolve())
    })
    thief.close()
    expect(heard).toBeGreaterThan(0)
  })

  it('HTTP-15: with a key that others have, a new authority takes over at once, and only those who were told follow it', async () => {
    const dial = (pin: string): ReturnType<typeof connectGateway> => connectGateway({
      address: { url: `wss://127.0.0.1:${world.gateway.port}`, tokens: [world.token], fingerprint: pin.replaceAll(':', '').toLowerCase() },
      version: '0', platform: 'linux', clock: realClock, device: () => Promise.reject(new Error('no device here')), startCommand: 'moltbot gateway run', handshakeTimeoutMs: 5_000,
    })
    const before = new X509Certificate(authority).fingerprint256
    const early = await handshake({})
    if (!('socket' in early)) throw new Error(early.error)
    const client = await dial(before)
    const { fingerprint, next } = await client.request('tls.rotate', { afterDays: 0 }) as { fingerprint: string; next: unknown }
    expect([next, fingerprint === before]).toEqual([null, false])
    const shown = readFileSync(join(world.stateDir, 'tls', 'authority.pem'), 'utf8')
    expect(new X509Certificate(shown).fingerprint256).toBe(fingerprint)
    // Without a restart; who is connected stays, who comes with the old pin is sent away, and whoever pins both gets in.
    expect(await handshake({ ca: authority })).toHaveProperty('error')
    const late = await handshake({ ca: shown })
    expect(late).toMatchObject({ protocol: 'TLSv1.3' })
    if ('socket' in late) late.socket.destroy()
    expect(early.socket.destroyed).toBe(false)
    early.socket.destroy()
    await expect(dial(before)).rejects.toMatchObject({ code: 'gateway-refused' })
    ;(await dial(`${before},${fingerprint}`)).close()
    expect((await world.gateway.rooms.audit.about('gateway.tls')).map(({ act }) => act)).toContain('tls.authority-rotated')
    // One that is prepared is told of and not yet used; the command line of this computer shows both.
    const prepared = await client.request('tls.rotate', { afterDays: 14 }) as { next: unknown }
    expect(prepared).toMatchObject({ fingerprint, next: { fingerprint: expect.stringMatching(/^[0-9A-F:]{95}$/) } })
    const own = JSON.parse((await runCommand(['gateway', 'tls', '--json'], { stateDir: world.stateDir })).out) as Record<string, unknown>
    expect(own).toMatchObject({ fingerprint, next: prepared.next })
    client.close()
    authority = shown
  })
})

describe('HTTP-15 a certificate of one\'s own', () => {
  it('HTTP-15: is served anew when its file changes, and open connections stay open', async () => {
    const { FakeClock } = await import('@moltbot/contract/testing')
    const { fakeRooms } = await import('../../gateway/src/api/testing/fake-rooms.ts')
    const clock = new FakeClock(Date.now())
    const making = { now: Date.now(), random: randomBytes }
    const issuer = makeAuthority('Own', making)
    const folder = world.stateDir
    const certPath = join(folder, 'own-cert.pem')
    const keyPath = join(folder, 'own-key.pem')
    const put = (): string => {
      const pair = makeServerCertificate(issuer, ['127.0.0.1', 'localhost'], making)
      writeFileSync(certPath, pair.certificate)
      writeFileSync(keyPath, pair.key, { mode: 0o600 })
      return new X509Certificate(pair.certificate).fingerprint256
    }
    const first = put()
    const rooms = await fakeRooms({ clock, config: { gateway: { tls: { enabled: true, certPath, keyPath } } } })
    const door: RunningDoor = await runDoor({ rooms })
    const open = (): Promise<TLSSocket> => new Promise((resolve, reject) => {
      const socket = connectTls({ host: '127.0.0.1', port: door.port, ca: issuer.certificate }, () => resolve(socket))
      socket.on('error', reject)
    })
    const early = await open()
    expect(early.getPeerCertificate().fingerprint256).toBe(first)
    const second = put()
    const replaced = new Promise<void>((resolve) => {
      const look = (): void => {
        if (rooms.state.lines.some((line) => JSON.stringify(line).includes('The certificate was replaced'))) resolve()
        else setTimeout(look, 10)
      }
      look()
    })
    await clock.advance(10_000)
    await replaced
    const late = await open()
    expect(late.getPeerCertificate().fingerprint256).toBe(second)
    const answered = new Promise<string>((resolve) => early.once('data', (data) => resolve(data.toString('latin1'))))
    early.write(requestText(door.port, 'GET /healthz'))
    expect(await answered).toContain('200 OK')
    // A broken file leaves the one before in place.
    writeFileSync(certPath, 'not a certificate')
    await clock.advance(10_000)
    const still = await open()
    expect(still.getPeerCertificate().fingerprint256).toBe(second)
    for (const socket of [early, late, still]) socket.destroy()
    await door.close()
  })
})

describe('HTTP-16 the wrong protocol on a port', () => {
  it('HTTP-16: plain HTTP on the TLS port is closed without a word in the clear', async () => {
    const { text, closed } = await exchange(world.gateway.port, requestText(world.gateway.port, 'GET /healthz', { Authorization: `Bearer ${world.token}` }))
    expect(closed).toBe(true)
    expect(text).not.toMatch(/HTTP|Moltbot|ok/i)
  })

  it('HTTP-16: TLS on a plain port is answered with a refusal and closed', async () => {
    const door = await runDoor()
    const error = await new Promise<string>((resolve) => {
      const socket = connectTls({ host: '127.0.0.1', port: door.port, rejectUnauthorized: false })
      socket.on('secureConnect', () => resolve('connected'))
      socket.on('error', (failed: NodeJS.ErrnoException) => resolve(failed.code ?? failed.message))
    })
    expect(error).not.toBe('connected')
    await door.close()
  })

  it('HTTP-16: a client that speaks only HTTP/2 is refused in the handshake', async () => {
    expect(await handshake({ ALPNProtocols: ['h2'] })).toHaveProperty('error')
    expect(await handshake({ ALPNProtocols: ['h2', 'http/1.1'] })).toMatchObject({ protocol: 'TLSv1.3' })
  })

  it('HTTP-16: garbage instead of a handshake is closed, and the next client is served', async () => {
    for (const bytes of [Buffer.alloc(4096, 0), Buffer.from('16030100050100000100', 'hex'), randomBytes(2048)]) {
      const { closed, text } = await exchange(world.gateway.port, bytes, { halfClose: true })
      expect([closed, /HTTP/.test(text)]).toEqual([true, false])
    }
    const made = await handshake({})
    expect(made).toMatchObject({ protocol: 'TLSv1.3' })
    if ('socket' in made) made.socket.destroy()
  })

  it('HTTP-16 twin: a door without TLS answers plain HTTP, which the first case would see', async () => {
    const door = await runDoor()
    const { text } = await exchange(door.port, requestText(door.port, 'GET /healthz', { Connection: 'close' }))
    expect(text).toMatch(/HTTP\/1\.1 200/)
    await door.close()
  })
})

describe('C02 the Unix socket', () => {
  const ask = (bytes: string): Promise<string> => new Promise((resolve, reject) => {
    const socket = connectPlain({ path: join(world.stateDir, 'gateway.sock') }, () => socket.write(bytes))
    let text = ''
    socket.on('data', (data) => (text += data.toString('latin1')))
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })

  it('C02: is private to the user, asks for the secret all the same, and believes no forwarding header', async () => {
    const { statSync } = await import('node:fs')
    expect(statSync(join(world.stateDir, 'gateway.sock')).mode & 0o777).toBe(0o600)
    expect(statSync(world.stateDir).mode & 0o777).toBe(0o700)
    const text = (path: string, headers: Record<string, string> = {}): string => requestText(1, `GET ${path}`, { Host: 'localhost', Connection: 'close', ...headers })
    expect(await ask(text('/healthz'))).toContain('200 OK')
    expect(await ask(text('/v1/models'))).toContain('401 Unauthorized')
    expect(await ask(text('/v1/models', { Authorization: `Bearer ${world.token}` }))).toContain('200 OK')
    expect(await ask(text('/v1/models', { Authorization: `Bearer ${world.token}`, 'X-Forwarded-For': '127.0.0.1' }))).toContain('403')
    expect(await ask(text('/v1/models', { Authorization: `Bearer ${world.token}`, Host: 'evil.example' }))).toMatch(/HTTP\/1\.1 4(03|21)/)
  })

  it('C02: is not opened in a folder that others may enter', async () => {
    const { chmodSync, mkdtempSync, existsSync } = await import('node:fs')
    const { tmpdir } = await import('node:os')
    const folder = mkdtempSync(join(tmpdir(), 'moltbot-open-'))
    chmodSync(folder, 0o755)
    const door = await runDoor({ socketPath: join(folder, 'gateway.sock') })
    expect(door.socketPath).toBeUndefined()
    expect(existsSync(join(folder, 'gateway.sock'))).toBe(false)
    await door.close()
  })
})

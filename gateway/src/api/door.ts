import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import { Problem } from '@moltbot/contract'
import type { Secret } from '@moltbot/contract'
import { WebSocketServer } from 'ws'
import { listenAddresses, reachableNames } from './addresses.ts'
import { createAttemptLimit } from './attempt-limit.ts'
import type { WireEvents } from './broadcast.ts'
import type { BrowserSessions } from './browser-sessions.ts'
import { gatewaySection, type GatewayConfig } from './config.ts'
import { createCredentialSource } from './credentials.ts'
import { connectionsMax, descriptorLimit } from './descriptors.ts'
import type { DeviceStore } from './devices.ts'
import { createFormTokens } from './form-tokens.ts'
import { envelopeFault, headersMax, upgradeFault } from './http/envelope.ts'
import { inLine } from './http/in-line.ts'
import { createPageFiles } from './http/page-files.ts'
import { rawAnswer } from './http/respond.ts'
import { createRouter } from './http/router.ts'
import { createIdempotency } from './idempotency.ts'
import { createIdentity, type Entrance } from './identity.ts'
import { createProxyAssertions } from './proxy-assertion.ts'
import type { Method } from './method.ts'
import { listenProblem } from './listen-problem.ts'
import { assertMayListen } from './may-listen.ts'
import { createPasswords } from './password.ts'
import type { Rooms } from './rooms.ts'
import { covers } from './scopes.ts'
import { isLoopback, judgeSource, plainAddress, type Source } from './source.ts'
import { fallsWithRotation } from './socket/admission.ts'
import { createSockets } from './socket/connection.ts'
import { createDispatch } from './socket/dispatch.ts'
import { socketLimits } from './socket/limits.ts'
import { currentCertificate, prepareAuthority, type CertificateFacts, type CertificateParts, type SealedKeys, type ServerCertificate } from './tls/server-certificate.ts'
import { listenForUser } from './user-socket.ts'

export interface Door {
  /**
   * Starts to listen. Rejects with a `Problem` that says what to change. Resolves with where: `host` is the first of `addresses`;
   * `socketPath` is absent where there is no Unix socket, `certificate` where the port is not encrypted.
   */
  listen(): Promise<{ port: number; host: string; addresses: string[]; socketPath?: string; certificate?: CertificateFacts }>
  /**
   * Tells every client (`shutdown`), closes the sockets with 1012 and stops listening. Requests that are being answered get five seconds.
   * `restartExpectedMs`: when we expect to be back. Calling twice is harmless.
   */
  close(why?: { reason?: string; restartExpectedMs?: number }): Promise<void>
  /** Looks whether the shared secret changed, and if so ends everything that came from the old one. Also done by itself: at every use and reload, and every two seconds while anybody is connected. */
  checkCredentials(): Promise<void>
  /**
   * Makes a new authority, which signs from then on (epoch ms; now or before: at once). Resolves with what is shown then. Rejects with
   * `door-no-rotation` where the port is not encrypted, or by a certificate that is not ours to renew.
   */
  rotateAuthority(from: number): Promise<CertificateFacts>
}

export interface DoorOptions {
  /** `devices` and `signIns` must be those made by `createDevices` and `createBrowserSessions`; the door asks them for more than methods may. */
  rooms: Rooms & { devices: DeviceStore; signIns: BrowserSessions }
  methods: readonly Method[]
  events: WireEvents
  /** The built page; undefined or empty: `/` says in words how to build it. */
  uiDir: string | undefined
  /** The shared token as it is now; asked at every use. */
  token: () => Promise<Secret | undefined>
  /** The login name Tailscale knows for an address of the tailnet; undefined: none. Asked only on the listener of `auth.tailscale`. Absent: knows nobody. */
  whois?: (address: string) => Promise<string | undefined>
  /** The body behind the https address of an issuer's public keys. Absent: only files of keys can be used. */
  fetchKeys?: (url: string) => Promise<string>
  /** Unguessable bytes, from `node:crypto`. */
  random: (bytes: number) => Buffer
  /** Overrides of the command line; undefined leaves the configuration's value. */
  port?: number | undefined
  bind?: GatewayConfig['bind'] | undefined
  /** Where clients of this user on this machine find a Unix socket. Its folder must be private to the user, else there is none. Absent: none. */
  socketPath?: string
  /** Where generated certificates lie. Absent: `<state>/tls`. */
  certificateFolder?: string
  /** Where their keys are sealed. Absent: files of mode 600 beside them. */
  certificateKeys?: SealedKeys
  /** Hears of a certificate that took the place of another, and of an authority that is going to. */
  onCertificate?: (facts: CertificateFacts) => void
}

/** Bytes and milliseconds of HTTP itself. */
const httpLimits = { headerBytesMax: 16_384, headersMs: 10_000, requestMs: 60_000, keepAliveMs: 10_000, checkEveryMs: 5_000, drainMs: 5_000, idleMs: 120_000, handshakeMs: 10_000 } as const
/** The same refusal of the same source is written to log and audit at most this often, so that nobody can fill the disk from outside. */
const auditEveryMs = 60_000
/** Clients come and go in bursts. */
const presenceAfterMs = 250
/** How soon a new secret ends open connections of the old one, when nothing else makes us look. */
const credentialsEveryMs = 2_000
/** How soon a changed certificate file is served, and how often a generated one is looked at. */
const certificateEveryMs = 10_000

export function createDoor(options: DoorOptions): Door {
  const { rooms, methods } = options
  const { clock } = rooms
  const log = rooms.log.child('door')
  const config = (): GatewayConfig => {
    const values = rooms.config.get(gatewaySection)
    return { ...values, port: options.port ?? values.port, bind: options.bind ?? values.bind }
  }
  const atStart = config()
  const tls = atStart.tls.enabled

  const credentials = createCredentialSource({
    token: options.token,
    password: () => rooms.config.secrets.get('gateway.auth.password'),
    previous: { token: () => rooms.config.secrets.get('gateway.auth.previousToken'), until: () => config().auth.previousTokenUntil },
    now: () => clock.now(),
    passwordHash: () => rooms.config.secrets.get('gateway.auth.passwordHash'),
    passwords: createPasswords(),
    mode: () => config().auth.mode,
    random: options.random,
  })
  const attempts = createAttemptLimit({ clock, store: rooms.store, log, limits: () => config().auth.rateLimit })
  const browserSessions = rooms.signIns
  const assertions = createProxyAssertions({
    clock, readFile: (path) => readFile(path, 'utf8'), fetchKeys: options.fetchKeys ?? (() => Promise.reject(new Error('no keys are fetched here'))),
    onFailure: (reason) => log.warn('The keys of who signs for people could not be had.', { reason }),
  })
  const identity = createIdentity({ config, whois: options.whois ?? (async () => undefined), assertions })
  const entrances = new WeakMap<object, Entrance>()
  const entranceOf = (request: IncomingMessage): Entrance => entrances.get(request.socket) ?? 'ordinary'
  /** A proxy that speaks for people stands in front of its own listener, so forwarding headers are its business there. */
  const sourceOf = (request: IncomingMessage, strictOrigin: boolean): Source => {
    const now = config()
    return judgeSource(request, entranceOf(request) === 'ordinary' ? now : { ...now, trustedProxies: [...now.trustedProxies, '127.0.0.1', '::1'] }, strictOrigin)
  }
  const idempotency = createIdempotency(clock)

  const noted = new Map<string, number>()
  const refused = (address: string, kind: string, reason: string): void => {
    const name = `${kind} ${address}`
    if (clock.now() - (noted.get(name) ?? -Infinity) < auditEveryMs) return
    if (noted.size > 1000) noted.clear()
    noted.set(name, clock.now())
    log.warn('A request was refused at the door.', { address, kind, reason })
    rooms.store
      .transaction((tx) => rooms.audit.append(tx, { act: 'door.refused', principal: null, subject: address, outcome: 'deny', reason, place: address, facts: { kind } }))
      .catch((error: unknown) => log.error('A refusal could not be written to the audit.', { error: String(error) }))
  }

  const sockets = createSockets({
    rooms, methods, idempotency, refused,
    admission: { clock, credentials, devices: rooms.devices, attempts, config },
    dispatch: createDispatch(methods, rooms, idempotency),
    events: (protocol) => options.events.names(protocol),
    nonce: () => options.random(18).toString('base64url'),
  })
  let state: 'new' | 'listening' | 'closing' | 'closed' = 'new'
  let portNow = 0
  const router = createRouter({
    rooms, config, credentials, attempts, browserSessions, refused, sourceOf,
    forms: createFormTokens(options.random),
    async identify(request) {
      const entrance = entranceOf(request)
      return entrance === 'ordinary' ? undefined : identity.of(request, entrance)
    },
    pages: createPageFiles(options.uiDir),
    // Cookies know no ports: two gateways on one machine must not sign each other's browsers out.
    cookieName: () => `${tls ? '__Host-' : ''}moltbot_session_${portNow}`,
    secure: tls,
    async ready() {
      try {
        await rooms.store.read.get('SELECT 1 AS one')
      } catch {
        return ['store'] // Whatever it is, nothing can be accepted; the log has the reason from whoever needed the store.
      }
      return state === 'listening' ? [] : ['door']
    },
  })

  type Ground = ReturnType<typeof sockets.connected>[number]['admitted']['ground']
  const drop = (which: (ground: Ground) => boolean, reason: string): void => {
    for (const connection of sockets.connected()) if (which(connection.admitted.ground)) connection.withdraw(reason)
  }

  const webSockets = new WebSocketServer({
    noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: socketLimits.preauthPayloadMax, handleProtocols: () => false,
    autoPong: false, maxFragments: socketLimits.fragmentsMax, maxBufferedChunks: socketLimits.chunksMax,
  })

  const perAddress = new Map<string, number>()
  const servers: Server[] = []
  const descriptors = descriptorLimit()
  let openCount = 0

  const onConnection = (socket: Socket): void => {
    const address = plainAddress(socket.remoteAddress)
    const count = (perAddress.get(address) ?? 0) + 1
    const { limits } = config()
    if (openCount >= connectionsMax(limits.connections, descriptors) || (!isLoopback(address) && count > limits.connectionsPerAddress)) {
      socket.destroy()
      return
    }
    perAddress.set(address, count)
    openCount += 1
    socket.once('close', () => {
      openCount -= 1
      const left = (perAddress.get(address) ?? 1) - 1
      if (left <= 0) perAddress.delete(address)
      else perAddress.set(address, left)
    })
  }

  const refuseRaw = (socket: Duplex, status: number, reason: string, headers: Readonly<Record<string, string>> = {}): void => {
    socket.end(rawAnswer(status, reason, headers))
    // A peer that does not hang up after this is not waited for.
    const cancel = clock.after(1000, () => socket.destroy())
    socket.once('close', cancel)
  }
  const onUpgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    // The library replaces this once it owns the socket; until then a broken peer must not break the process.
    const onError = (): void => void socket.destroy()
    socket.on('error', onError)
    if (state !== 'listening') return refuseRaw(socket, 503, 'The gateway is stopping.')
    const fault = envelopeFault(request) ?? upgradeFault(request)
    if (fault !== undefined) return refuseRaw(socket, fault.status, fault.reason, fault.headers)
    const source = sourceOf(request, true)
    if (source.kind === 'refused') {
      refused(source.address, source.code, source.reason)
      return refuseRaw(socket, source.status, source.reason)
    }
    if (!router.mayUpgrade(request.url ?? '')) return refuseRaw(socket, 404, 'No WebSocket is opened at this address.')
    if (/[?&](?:token|password|auth|access_token|deviceToken)=/i.test(request.url ?? '')) {
      return refuseRaw(socket, 400, 'A secret in an address ends up in logs and histories. Send it in connect.')
    }
    if (!source.local && sockets.unauthenticated(source.address) >= config().limits.unauthenticatedPerAddress) {
      return refuseRaw(socket, 429, 'Too many connections from your address are waiting to authenticate.')
    }
    // A cookie counts only where the browser says which page is asking.
    const cookie = source.origin === undefined || !source.sameOrigin ? undefined : await router.browserOf(request)
    if (entranceOf(request) !== 'ordinary' && cookie === undefined) return refuseRaw(socket, 401, 'Open the page first; this listener lets nobody in but people a proxy names.')
    if (socket.destroyed) return
    socket.removeListener('error', onError)
    webSockets.handleUpgrade(request, socket, head, (ws) => sockets.accept(ws, socket, source, cookie))
  }
  /** What could not be read as HTTP, or did not come in time. */
  const onClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    const known = error.code?.startsWith('HPE_') === true || error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    // Once an answer has begun there is no place for another; and a broken TLS handshake gets no words.
    if (!known || !socket.writable || (socket as Duplex & { _httpMessage?: { headersSent?: boolean } | null })._httpMessage?.headersSent === true) return void socket.destroy()
    switch (error.code) {
      case 'HPE_HEADER_OVERFLOW': return refuseRaw(socket, 431, 'The headers are too large.')
      case 'HPE_CHUNK_EXTENSIONS_OVERFLOW': return refuseRaw(socket, 413, 'The chunk extensions are too large.')
      case 'ERR_HTTP_REQUEST_TIMEOUT': return refuseRaw(socket, 408, 'The request did not arrive in time.')
      default: return refuseRaw(socket, 400, 'That is not HTTP as this gateway speaks it.')
    }
  }

  let certificate: ServerCertificate | undefined
  const certificateParts = (): CertificateParts => {
    const now = config()
    return {
      certPath: now.tls.certPath, keyPath: now.tls.keyPath, autoGenerate: now.tls.autoGenerate, folder: options.certificateFolder ?? join(rooms.stateDir, 'tls'), keys: options.certificateKeys,
      names: reachableNames({ ...now, bind: atStart.bind, customBindHost: atStart.customBindHost }), now: clock.now(), random: options.random,
    }
  }
  /** Its files are written by one at a time. */
  let certificateWork: Promise<unknown> = Promise.resolve()
  const withCertificate = <T>(work: () => Promise<T>): Promise<T> => {
    const done = certificateWork.then(work)
    certificateWork = done.catch(() => undefined)
    return done
  }
  const encryption = (shown: ServerCertificate): { cert: string; key: string; minVersion: 'TLSv1.3' } => ({ cert: shown.certificate, key: shown.key, minVersion: 'TLSv1.3' })

  const makeServer = (shown: ServerCertificate | undefined): Server => {
    const limits = { maxHeaderSize: httpLimits.headerBytesMax, connectionsCheckingInterval: httpLimits.checkEveryMs, requireHostHeader: false }
    const onRequest = inLine((request, response) => router.handle(request, response))
    const server = shown === undefined
      ? createServer(limits, onRequest)
      : createTlsServer({ ...limits, ...encryption(shown), ALPNProtocols: ['http/1.1'], handshakeTimeout: httpLimits.handshakeMs }, onRequest)
    // Node drops what is beyond its count of headers; one more than ours lets us see that there were too many.
    server.maxHeadersCount = headersMax + 1
    server.headersTimeout = httpLimits.headersMs
    server.requestTimeout = httpLimits.requestMs
    server.keepAliveTimeout = httpLimits.keepAliveMs
    // A peer that neither reads nor writes holds nothing for ever; WebSockets have pings instead.
    server.setTimeout(httpLimits.idleMs)
    // Bodies are read by who wants them; only then is their sender told to go on.
    server.on('checkContinue', onRequest)
    server.on('checkExpectation', (request: IncomingMessage) => refuseRaw(request.socket, 417, 'The only expectation is 100-continue.'))
    server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
      socket.on('error', () => socket.destroy())
      refuseRaw(socket, 405, 'This gateway is no proxy.', { Allow: 'GET, HEAD, POST' })
    })
    server.on('clientError', onClientError)
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      onUpgrade(request, socket, head).catch((error: unknown) => {
        log.error('An upgrade failed.', { error: String(error) })
        socket.destroy()
      })
    })
    return server
  }
  const listenOn = (host: string, port: number): Promise<Server> => new Promise((resolve, reject) => {
    const server = makeServer(certificate)
    server.on('connection', onConnection)
    server.once('error', reject)
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => {
      server.removeListener('error', reject)
      server.on('error', (error) => log.error('The listening socket failed.', { host, error: String(error) }))
      resolve(server)
    })
  })
  const listenEverywhere = async (): Promise<string[]> => {
    const wanted = config()
    const { addresses } = listenAddresses(wanted)
    const reached: string[] = []
    portNow = wanted.port
    for (const { host, optional } of addresses) {
      try {
        const server = await listenOn(host, portNow)
        servers.push(server)
        portNow = (server.address() as AddressInfo).port
        reached.push(host)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (optional && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'EINVAL')) continue
        await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
        if (code === 'EADDRINUSE' && wanted.port === 0) return listenEverywhere()
        throw listenProblem(code, host, portNow, error)
      }
    }
    return reached
  }

  /** The listeners on which a proxy says who somebody is. They let nobody in who comes without one. */
  const listenForProxies = async (): Promise<void> => {
    const { trustedProxy, tailscale, allowTailscale } = config().auth
    const wanted: { entrance: Entrance; host: string; port: number }[] = [
      ...(trustedProxy.port === 0 ? [] : [{ entrance: 'proxy' as const, host: trustedProxy.host, port: trustedProxy.port }]),
      ...(tailscale.port === 0 || !allowTailscale ? [] : [{ entrance: 'tailscale' as const, host: '127.0.0.1', port: tailscale.port }]),
    ]
    if (trustedProxy.port !== 0 && !isLoopback(trustedProxy.host) && config().trustedProxies.length === 0) {
      throw new Problem('door-identity-plain', 'gateway.auth.trustedProxy.host can be reached by other machines, but gateway.trustedProxies names no proxy.', { next: 'Name the addresses of your proxies in gateway.trustedProxies, or set gateway.auth.trustedProxy.host to 127.0.0.1.' })
    }
    const { header, issuer, audience, jwksFile, jwksUrl } = trustedProxy.assertion
    if (trustedProxy.port !== 0 && header !== '' && (issuer === '' || audience.length === 0 || (jwksFile === '') === (jwksUrl === ''))) {
      throw new Problem('door-assertion-incomplete', 'gateway.auth.trustedProxy.assertion names a header, but not whose signature counts.', { next: 'Set issuer, audience, and one of jwksFile and jwksUrl.' })
    }
    for (const { entrance, host, port } of wanted) {
      const server = makeServer(undefined)
      server.on('connection', (socket: Socket) => {
        entrances.set(socket, entrance)
        onConnection(socket)
      })
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error: NodeJS.ErrnoException) => reject(listenProblem(error.code, host, port, error)))
        server.listen({ host, port }, () => resolve())
      })
      server.on('error', (error) => log.error('The listener of a proxy failed.', { entrance, error: String(error) }))
      servers.push(server)
      log.info('A proxy may name people here.', { entrance, host, port })
    }
  }

  let certificateFault: string | undefined
  const showCertificate = async (): Promise<void> => {
    const found = await currentCertificate(certificateParts())
    const before = certificate
    if (before === undefined || (isDeepStrictEqual(found.facts, before.facts) && found.key === before.key)) return
    certificate = found
    if (found.certificate !== before.certificate || found.key !== before.key) {
      // New connections get the new one; those that are open stay as they are.
      for (const server of servers) if (server instanceof TlsServer) server.setSecureContext(encryption(found))
      log.info('The certificate was replaced.', { fingerprint: found.facts.fingerprint, expiresAt: found.facts.expiresAt })
    }
    if (found.facts.next !== null && found.facts.next.fingerprint !== before.facts.next?.fingerprint) log.warn('Another authority is going to sign the certificate: clients that pin this one need its fingerprint by then.', found.facts.next)
    options.onCertificate?.(found.facts)
  }
  const renewCertificate = async (): Promise<void> => {
    if (!tls || certificate === undefined) return
    try {
      await withCertificate(showCertificate)
      certificateFault = undefined
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error)
      if (said !== certificateFault) log.error('The certificate could not be looked at; the one before stays.', { error: said })
      certificateFault = said
    }
  }

  const checkCredentials = async (): Promise<void> => {
    await credentials.current()
  }
  const stops: (() => void)[] = []
  const start = (): void => {
    stops.push(credentials.onRotate((now, why) => {
      if (why === 'overlap') {
        log.info('The gateway token before the last rotation no longer opens anything.')
        return drop((ground) => ground.kind === 'shared' && ground.version !== now.version, 'unauthorized: the gateway secret changed')
      }
      log.warn('The gateway secret changed; what came from the old one is signed out.')
      drop((ground) => fallsWithRotation({ ground }, now.version), 'unauthorized: the gateway secret changed')
      Promise.all([browserSessions.endAll(), rooms.devices.dropBound()]).catch((error: unknown) => log.error('Old sign-ins could not be removed; they no longer open anything.', { error: String(error) }))
    }))
    stops.push(browserSessions.onEnd((digests) => drop((ground) => ground.kind === 'cookie' && digests.includes(ground.digest), 'signed out')))
    stops.push(rooms.config.onReload(() => {
      checkCredentials().catch((error: unknown) => log.error('The gateway secret could not be read.', { error: String(error) }))
      const now = config()
      void renewCertificate()
      if (now.port !== atStart.port || now.bind !== atStart.bind || now.customBindHost !== atStart.customBindHost || now.tls.enabled !== tls) log.warn('gateway.port, gateway.bind and gateway.tls.enabled take effect at the next start.')
    }))
    // Each event carries the whole list to everyone, so a crowd that connects at once is told about once per pause, not once per head.
    let cancelPresence: (() => void) | undefined
    stops.push(() => cancelPresence?.(), rooms.presence.onChange(() => {
      cancelPresence ??= clock.after(presenceAfterMs, () => {
        cancelPresence = undefined
        const payload = { presence: rooms.presence.list() }
        sockets.broadcast.toAll('presence', () => payload, { droppable: true, stateVersion: rooms.presence.versions() })
      })
    }))
    stops.push(rooms.devices.onChange((change) => {
      if (change.kind === 'revoked') {
        for (const connection of sockets.connected()) {
          const { admitted } = connection
          if (admitted.device === change.deviceId && (change.role === undefined || admitted.role === change.role)) connection.withdraw('unauthorized: device token revoked')
        }
        return
      }
      const payload = change.kind === 'requested' ? change.request : { requestId: change.requestId, deviceId: change.deviceId, decision: change.decision, ts: clock.now() }
      sockets.broadcast.toAll(`device.pair.${change.kind}`, (caller) => (covers(caller.scopes, 'operator.pairing') ? payload : undefined), { droppable: true })
    }))
    const housekeeping = (): void => {
      const idleMs = config().controlUi.sessionIdleMinutes * 60_000
      for (const connection of sockets.connected()) {
        const { ground } = connection.admitted
        if (ground.kind !== 'cookie') continue
        // An open page is a page in use, up to the session's absolute end.
        browserSessions.touch(ground.digest)
          .then(() => browserSessions.alive(ground.digest, idleMs))
          .then((alive) => { if (!alive) connection.withdraw('unauthorized: the browser session ended') })
          .catch((error: unknown) => log.error('A browser session could not be checked.', { error: String(error) }))
      }
      cancel = clock.after(socketLimits.tickEveryMs, housekeeping)
    }
    const lookAtCredentials = (): void => {
      if (sockets.connected().length > 0) checkCredentials().catch((error: unknown) => log.error('The gateway secret could not be read.', { error: String(error) }))
      cancelLook = clock.after(credentialsEveryMs, lookAtCredentials)
    }
    const lookAtCertificate = (): void => {
      void renewCertificate().finally(() => {
        if (state === 'listening') cancelCertificate = clock.after(certificateEveryMs, lookAtCertificate)
      })
    }
    let cancelCertificate = tls ? clock.after(certificateEveryMs, lookAtCertificate) : (): void => undefined
    stops.push(() => cancelCertificate())
    let cancel = clock.after(socketLimits.tickEveryMs, housekeeping)
    let cancelLook = clock.after(credentialsEveryMs, lookAtCredentials)
    stops.push(() => cancel(), () => cancelLook())
    stops.push(options.events.start(sockets.broadcast))
  }

  return {
    checkCredentials,
    rotateAuthority: (from) => withCertificate(async () => {
      if (certificate === undefined) throw new Problem('door-no-rotation', 'The port is not encrypted: there is no certificate to replace.', { next: 'Set gateway.tls.enabled to true and restart the gateway; it makes one.' })
      await prepareAuthority(certificateParts(), from)
      await showCertificate()
      return certificate.facts
    }),
    async listen() {
      const { loopback } = listenAddresses(config())
      const now = await credentials.current()
      assertMayListen({ bind: config().bind, loopback, tls, secret: now, log })
      if (tls) certificate = await withCertificate(() => currentCertificate(certificateParts()))
      await attempts.load()
      const addresses = await listenEverywhere()
      await listenForProxies()
      const ofUser = options.socketPath === undefined ? undefined : await listenForUser(options.socketPath, { makeServer: () => makeServer(undefined), log })
      if (ofUser !== undefined) servers.push(ofUser)
      state = 'listening'
      start()
      return { port: portNow, host: addresses[0] ?? '', addresses, ...(ofUser === undefined || options.socketPath === undefined ? {} : { socketPath: options.socketPath }), ...(certificate === undefined ? {} : { certificate: certificate.facts }) }
    },
    async close(why = {}) {
      if (state === 'closing' || state === 'closed') return
      state = 'closing'
      const expected = why.restartExpectedMs
      const three = { reason: why.reason ?? 'gateway stopping', restartExpectedMs: expected ?? null }
      const four = { reason: three.reason, ...(expected === undefined ? {} : { restartExpectedMs: expected }) }
      for (const stop of stops.splice(0).reverse()) stop()
      sockets.broadcast.toAll('shutdown', (caller) => (caller.protocol === 3 ? three : four))
      const stopped = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
      await sockets.closeAll()
      for (const server of servers) server.closeIdleConnections()
      const cancel = clock.after(httpLimits.drainMs, () => servers.forEach((server) => server.closeAllConnections()))
      await Promise.all(stopped)
      cancel()
      state = 'closed'
    },
  }
}

import { createHash, createHmac } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ownerPrincipal, Problem, type AgentId, type Clock, type ConfigView, type Logger, type SecretSource, type SessionKey, type Store } from '@moltbot/contract'
import { egressSection, type EgressConfig } from './config.ts'
import { createGate, rulesFor, type GateOptions } from './gate.ts'
import { createLeakScan, type LeakScan } from './leak-scan.ts'
import { createLedger } from './ledger.ts'
import { parseTarget, type Target } from './parse-target.ts'
import { createProxy } from './proxy.ts'
import { sendRequest, type SendOptions, type WebRequest, type WebResponse } from './send-request.ts'
import type { EgressDoor, EgressIdentity, EgressRefusal, EgressUse } from './types.ts'

export interface EgressOptions {
  config: ConfigView
  secrets: SecretSource
  store: Store
  clock: Clock
  log: Logger
  stateDir: string
  random(bytes: number): Buffer
  /** A refusal, at most once for each host and reason of a session. */
  onRefused(refusal: EgressRefusal): void
  leaks?: LeakScan
  /** Stand in for the network in tests: names, connections to literal addresses, a certificate authority. */
  resolve?: GateOptions['resolve']
  open?: GateOptions['open']
  ownAddresses?: GateOptions['ownAddresses']
  ca?: string
}

export interface Egress extends EgressDoor {
  /** One GET within limits; see `sendRequest`. */
  request(identity: EgressIdentity, request: WebRequest): Promise<WebResponse>
  /** The right to use the proxy on somebody's behalf: its password, with any user name. The same for the same identity; worth nothing after `close`. */
  admit(identity: EgressIdentity): string
  /** Why an address may not be reached; undefined: it may. Connects to nothing and counts nothing. */
  refusal(url: string, use: EgressUse, agent: AgentId): Promise<Problem | undefined>
  /** Some host is granted to this use of the agent at all. */
  reachesAnything(use: EgressUse, agent: AgentId): boolean
  /** The proxy's Unix socket, mode 600; it listens once `start` resolved. */
  socketPath: string
  /** The same proxy on a Unix socket of its own (mode 600) for one who cannot say who they are: whoever reaches it is that one. */
  listenFor(identity: EgressIdentity): Promise<{ socketPath: string; close(): Promise<void> }>
  /** The same proxy on a port of this machine, for a client that knows no Unix sockets. */
  listenOnLoopback(): Promise<{ port: number; close(): Promise<void> }>
  start(): Promise<void>
  /** Ends every connection and refuses the next ones, whatever the configuration says, until `restore`. Takes effect at once. */
  cut(): void
  restore(): void
  /** Stops listening, ends every connection, writes the counts. */
  close(): Promise<void>
}

/** Longer paths cannot be bound. */
const socketPathMax = 98
/** Identities that may use the proxy at one time. */
const admittedMax = 10_000

export function createEgress(options: EgressOptions): Egress {
  const { config, clock, store, log } = options
  const leaks = options.leaks ?? createLeakScan()
  const ledger = createLedger({ store, clock, log })
  let isCut = false
  const current = (): EgressConfig => (isCut ? { ...config.get(egressSection), enabled: false } : config.get(egressSection))
  const gate = createGate({
    config: current, clock, ledger, leaks,
    resolve: options.resolve ?? (async (host) => (await lookup(host, { all: true, order: 'ipv4first' })).map(({ address }) => address)),
    ownAddresses: options.ownAddresses ?? (() => Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address))),
    ...(options.open === undefined ? {} : { open: options.open }),
    onRefused: options.onRefused,
  })
  const sending: SendOptions = { gate, leaks, config: current, secrets: options.secrets, clock, ...(options.ca === undefined ? {} : { ca: options.ca }) }
  const tokenKey = options.random(32)
  const admitted = new Map<string, EgressIdentity>()
  const servers = new Map<Server, Set<Socket>>()
  const socketPath = placeOfSocket(options.stateDir)
  const stopWatching = config.onChange(egressSection, (now) => {
    if (!now.enabled) gate.cutAll()
  })

  // Compared by digest: how long a look-up takes tells nothing about a token.
  const digest = (token: string): string => createHash('sha256').update(token).digest('hex')
  const makeProxy = (always?: EgressIdentity): Server => createProxy({ ...sending, identityOf: (token) => admitted.get(digest(token)), ...(always === undefined ? {} : { always }) })
  let ownSockets = 0

  /** Remembers who is connected: a tunnel is no longer a connection of the HTTP server. */
  function keep(server: Server): Server {
    const connected = new Set<Socket>()
    server.on('connection', (socket: Socket) => {
      connected.add(socket)
      socket.once('close', () => connected.delete(socket))
    })
    servers.set(server, connected)
    return server
  }

  async function stop(server: Server): Promise<void> {
    for (const socket of servers.get(server) ?? []) socket.destroy()
    servers.delete(server)
    await new Promise<void>((resolve) => void server.close(() => resolve()))
  }

  const trial = (target: Target, use: EgressUse, agent: AgentId): ReturnType<typeof gate.look> => gate.look({ use, agent, principal: ownerPrincipal, owner: true, session: 'test' as SessionKey }, target)

  return {
    socketPath,
    request: (identity, request) => sendRequest(sending, identity, request),
    admit(identity) {
      const token = createHmac('sha256', tokenKey).update(JSON.stringify([identity.use, identity.agent, identity.principal, identity.owner, identity.session])).digest('base64url')
      const key = digest(token)
      // Last in the order of age: whoever still asks is not forgotten first.
      admitted.delete(key)
      admitted.set(key, { ...identity })
      for (const oldest of admitted.keys()) {
        if (admitted.size <= admittedMax) break
        admitted.delete(oldest)
      }
      return token
    },
    reachesAnything(use, agent) {
      const now = current()
      return now.enabled && rulesFor(now, { use, agent }).allow.length > 0
    },
    async start() {
      await ledger.open()
      const folder = dirname(socketPath)
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      // A folder somebody else made in a shared place would let them put a socket of their own there.
      const { uid } = lstatSync(folder)
      if (process.getuid !== undefined && uid !== process.getuid()) throw new Problem('egress-socket', `The folder ${folder} belongs to somebody else.`, { next: 'Remove it, or choose a shorter state directory.' })
      rmSync(socketPath, { force: true })
      await listening(keep(makeProxy()), { path: socketPath })
      chmodSync(socketPath, 0o600)
    },
    async listenFor(identity) {
      const server = keep(makeProxy({ ...identity }))
      const path = join(dirname(socketPath), `for-${(ownSockets += 1)}.sock`)
      rmSync(path, { force: true })
      await listening(server, { path })
      chmodSync(path, 0o600)
      return {
        socketPath: path,
        async close() {
          await stop(server)
          rmSync(path, { force: true })
        },
      }
    },
    async listenOnLoopback() {
      const server = keep(makeProxy())
      await listening(server, { host: '127.0.0.1', port: 0 })
      return { port: (server.address() as AddressInfo).port, close: () => stop(server) }
    },
    refusal: async (url, use, agent) => (await trial(parseTarget(url), use, agent)).problem,
    async test(url, use, agent) {
      const target = parseTarget(url)
      const { permit, addresses, problem } = await trial(target, use, agent)
      return { allowed: permit !== undefined, host: target.host, port: target.port, addresses, rule: permit?.rule ?? null, code: problem?.code ?? null, reason: problem?.explain() ?? null }
    },
    day: (daysAgo) => ledger.day(daysAgo),
    cut() {
      isCut = true
      gate.cutAll()
    },
    restore() { isCut = false },
    async close() {
      stopWatching()
      gate.cutAll()
      await Promise.all([...servers.keys()].map(stop))
      rmSync(socketPath, { force: true })
      await ledger.close()
    },
  }
}

function listening(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Beside the state, or, where that path is too long for a socket, in a private folder named after it. */
function placeOfSocket(stateDir: string): string {
  const beside = join(stateDir, 'egress', 'proxy.sock')
  return beside.length <= socketPathMax ? beside : join(tmpdir(), `moltbot-${createHash('sha256').update(stateDir).digest('hex').slice(0, 16)}`, 'proxy.sock')
}

import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mainAgent, ownerPrincipal, Secret, type ConfigView, type SessionKey, type Store } from '@moltbot/contract'
import { memoryLogger, realClock } from '@moltbot/contract/testing'
import { applyDefaults } from '../../config/schema-walk.ts'
import { openStore } from '../../storage/index.ts'
import { egressSection, webSection } from '../config.ts'
import { createEgress, type Egress, type EgressOptions } from '../create-egress.ts'
import { createLeakScan, type LeakScan } from '../leak-scan.ts'
import { egressMigration } from '../ledger.ts'
import type { EgressIdentity, EgressRefusal } from '../types.ts'
import { createAuthority, type Authority, type Certificate } from './certificates.ts'

/** An address of the public network that stands for a server of the test. */
export const publicAddress = '93.184.216.34'
export const otherPublicAddress = '151.101.1.69'

export interface Asked { method: string; url: string; headers: IncomingHttpHeaders; body: string }

/** A network of the test's own: names lead to addresses, addresses and ports to servers on loopback. The judged code is the product's. */
export interface EgressWorld {
  egress: Egress
  store: Store
  authority: Authority
  leaks: LeakScan
  /** Every literal address that was really connected to, `address:port`, in order. */
  opened: string[]
  refusals: EgressRefusal[]
  /** What names were asked for, in order. */
  resolved: string[]
  /** Names and where they lead; a function answers each question anew. */
  names: Map<string, readonly string[] | (() => readonly string[])>
  secrets: Map<string, Secret>
  /** Changes the configuration of `egress` and `tools.web`, and tells who listens. */
  configure(changes: { egress?: Record<string, unknown>; web?: Record<string, unknown> }): void
  config: ConfigView
  /** Serves plain http as `name` on port 80 of an address. */
  serve(name: string, handler: RequestListener, options?: { address?: string; port?: number }): Promise<Asked[]>
  /** Serves https as `name` on port 443. */
  serveTls(name: string, handler: RequestListener, options?: { address?: string; port?: number; certificate?: Certificate }): Promise<Asked[]>
  /** Lets an address and port lead to a port of this machine. */
  lead(addressAndPort: string, port: number): void
  close(): Promise<void>
}

export const ownerIdentity: EgressIdentity = { use: 'web', agent: mainAgent, principal: ownerPrincipal, owner: true, session: 'agent:main:main' as SessionKey }
export const commandIdentity: EgressIdentity = { ...ownerIdentity, use: 'commands' }

export async function createEgressWorld(over: Partial<EgressOptions> = {}): Promise<EgressWorld> {
  const stateDir = mkdtempSync(join(tmpdir(), 'moltbot-egress-'))
  const store = await openStore({ file: ':memory:', migrations: [egressMigration] })
  const authority = createAuthority()
  const routes = new Map<string, number>()
  const servers = new Set<Server>()
  const listeners = new Set<() => void>()
  let values: Record<string, unknown> = {}
  const opened: string[] = []
  const refusals: EgressRefusal[] = []
  const resolved: string[] = []
  const names: EgressWorld['names'] = new Map()
  const secrets = new Map<string, Secret>()
  const leaks = createLeakScan()
  const config: ConfigView = {
    get: (section) => applyDefaults(section.schema, structuredClone(values[section.path] ?? {})) as never,
    onChange(section, listener) {
      const told = (): void => listener(config.get(section))
      listeners.add(told)
      return () => listeners.delete(told)
    },
    healthy: () => true,
  }
  const egress = createEgress({
    config, secrets: { get: async (path) => secrets.get(path) }, store, clock: realClock, log: memoryLogger(), stateDir, random: randomBytes, leaks,
    onRefused: (refusal) => refusals.push(refusal),
    async resolve(host) {
      resolved.push(host)
      const found = names.get(host)
      if (found === undefined) throw new Error('ENOTFOUND')
      return typeof found === 'function' ? found() : found
    },
    ownAddresses: () => ['127.0.0.1', '::1', '203.0.114.7'],
    open(address, port): Socket {
      opened.push(`${address}:${port}`)
      // What leads nowhere is refused at a port that nothing listens on.
      return connect({ host: '127.0.0.1', port: routes.get(`${address}:${port}`) ?? 1 })
    },
    ca: authority.ca,
    ...over,
  })
  await egress.start()

  async function add(server: Server, name: string, handler: RequestListener, address: string, port: number): Promise<Asked[]> {
    const asked: Asked[] = []
    server.on('request', (request, response) => {
      const entry: Asked = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: '' }
      asked.push(entry)
      request.on('data', (piece: Buffer) => { entry.body += piece.toString('latin1') })
      handler(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.add(server)
    routes.set(`${address}:${port}`, (server.address() as AddressInfo).port)
    if (!names.has(name)) names.set(name, [address])
    return asked
  }

  return {
    egress, store, authority, leaks, opened, refusals, resolved, names, secrets, config,
    configure(changes) {
      values = { ...values, ...(changes.egress === undefined ? {} : { [egressSection.path]: changes.egress }), ...(changes.web === undefined ? {} : { [webSection.path]: changes.web }) }
      for (const listener of listeners) listener()
    },
    serve: (name, handler, { address = publicAddress, port = 80 } = {}) => add(createHttpServer(), name, handler, address, port),
    serveTls: (name, handler, { address = publicAddress, port = 443, certificate } = {}) => add(createHttpsServer(certificate ?? authority.issue([name])), name, handler, address, port),
    lead: (addressAndPort, port) => void routes.set(addressAndPort, port),
    async close() {
      await egress.close()
      await Promise.all([...servers].map((server) => new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      })))
      await store.close()
      authority.remove()
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}

/** A secret for tests, made from its name. */
export function secretOf(name: string): Secret {
  return new Secret(name, createHash('sha256').update(name).digest('hex').slice(0, 32))
}

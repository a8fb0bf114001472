import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'
import type { TLSSocket } from 'node:tls'
import type { Facts } from '@moltbot/contract'
import { listenAddresses, tailnet } from '../addresses.ts'
import type { GatewayConfig } from '../config.ts'
import { isLoopback } from '../source.ts'

/** `where`: by a name, in the networks of this machine, or in its tailnet. */
export interface Candidate { url: string; where: 'name' | 'network' | 'tailnet' }

/** What another device may open. `addresses` answered just now, the best first; `silent` were named in the configuration and did not. */
export interface AddressesElsewhere {
  /** `trusted`: its certificate is one that devices know by themselves. */
  addresses: (Candidate & { trusted: boolean })[]
  silent: string[]
  /** Nothing but this machine can open the port itself. */
  onlyHere: boolean
}

const patienceMs = 2_500
/** A page of ours is smaller. */
const bodyBytesMax = 65_536
const candidatesMax = 24
/** Networks of containers and virtual machines end on this machine. */
const inner = /^(?:docker|br-|veth|virbr|vmnet|vboxnet|lxc|lxdbr|podman|cni|flannel|cali)/
/** The port of an address that names none. */
const usualPort = { http: 80, https: 443 } as const

export interface Surroundings {
  config: Pick<GatewayConfig, 'bind' | 'customBindHost' | 'allowedHosts' | 'controlUi' | 'tls'>
  /** The port in use. */
  port: number
  /** Who listens there, by the system itself; null: it does not say, and the configuration is believed. */
  listening: Facts['listening']
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>
  /** The name of this machine in its tailnet; undefined: it has none, or nobody asked. */
  tailnetName: string | undefined
  /** How names become addresses. Absent: as this machine does it. */
  lookup?: LookupFunction
}

/** The addresses the port is open at, in the words of the system: `0.0.0.0` for all. */
function openAt({ config, listening }: Surroundings): readonly string[] {
  return listening !== null && listening.addresses.length > 0 ? listening.addresses : listenAddresses(config).addresses.map(({ host }) => host)
}

/** Where this gateway may be found from elsewhere, best guess first; none of it is known to be true. */
export function candidatesOf(surroundings: Surroundings): Candidate[] {
  const { config, port, interfaces, tailnetName } = surroundings
  const scheme = config.tls.enabled ? 'https' : 'http'
  const base = `${config.controlUi.basePath.trim().replace(/^\/*/, '/').replace(/(?<!\/)\/+$/, '')}/`
  const open = openAt(surroundings).filter((host) => !isLoopback(host) && host !== 'localhost')
  const own = Object.entries(interfaces).flatMap(([name, list]) => (inner.test(name) ? [] : (list ?? []).filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))))
  const numbers = open.flatMap((host) => (host === '0.0.0.0' || host === '::' ? own.filter(({ family }) => host === '::' || family === 'IPv4').map(({ address }) => address) : [host]))
  const at = (host: string, theirs: 'http' | 'https', number: number): string => `${theirs}://${isIP(host) === 6 ? `[${host}]` : host}${number === usualPort[theirs] ? '' : `:${number}`}${base}`
  const names = [...config.allowedHosts, ...(tailnetName === undefined ? [] : [tailnetName])].filter((name) => /^[a-z\d](?:[a-z\d.-]*[a-z\d])?(?::\d{1,5})?$/i.test(name) && isIP(name) === 0 && !/^localhost(?::|$)/i.test(name))
  const found: Candidate[] = [
    ...config.controlUi.allowedOrigins.flatMap((origin) => (/^https?:/.test(origin) && URL.canParse(origin) ? [{ url: `${new URL(origin).origin}${base}`, where: 'name' as const }] : [])),
    // A proxy has the usual port; where the port itself is open, a name leads there too.
    ...names.map((name) => ({ url: `https://${name.toLowerCase()}${base}`, where: 'name' as const })),
    ...(open.length === 0 ? [] : names.filter((name) => !name.includes(':')).map((name) => ({ url: at(name.toLowerCase(), scheme, port), where: 'name' as const }))),
    ...numbers.map((address) => ({ url: at(address, scheme, port), where: tailnet.test(address) ? 'tailnet' as const : 'network' as const })),
  ]
  const elsewhere = found.filter(({ url }) => URL.canParse(url) && !isLoopback(new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')) && !/^(?:.+\.)?localhost$/.test(new URL(url).hostname))
  return [...new Map(elsewhere.map((candidate) => [candidate.url, candidate])).values()].slice(0, candidatesMax)
}

/** Opens every candidate as a browser would and keeps those where this gateway answers. Never rejects. */
export async function lookForAddresses(surroundings: Surroundings): Promise<AddressesElsewhere> {
  const candidates = candidatesOf(surroundings)
  const answers = await Promise.all(candidates.map(({ url }) => knock(new URL('login', url), surroundings.lookup)))
  const addresses = candidates.flatMap((candidate, index) => {
    const answer = answers[index]
    return answer?.isOurs === true ? [{ ...candidate, trusted: answer.trusted }] : []
  })
  const hosts = new Set(addresses.map(({ url }) => new URL(url).hostname))
  const silent = candidates.filter(({ url, where }) => where === 'name' && !hosts.has(new URL(url).hostname)).map(({ url }) => new URL(url).hostname)
  return {
    addresses: addresses.toSorted((a, b) => Number(b.trusted) - Number(a.trusted)),
    silent: [...new Set(silent)],
    onlyHere: openAt(surroundings).every((host) => isLoopback(host) || host === 'localhost'),
  }
}

/** Whether our page for signing in stands there. A proxy that asks for a sign-in of its own hides it; then the person says where it is. */
function knock(url: URL, lookup: LookupFunction | undefined): Promise<{ isOurs: boolean; trusted: boolean }> {
  return new Promise((resolve) => {
    const { hostname, pathname, protocol } = url
    const options = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: url.port === '' ? usualPort[protocol === 'https:' ? 'https' : 'http'] : Number(url.port), path: pathname, signal: AbortSignal.timeout(patienceMs), agent: false as const, headers: { host: url.host }, ...(lookup === undefined ? {} : { lookup }) }
    // Whether devices know the certificate is said, not demanded: nothing secret is sent or believed.
    const request = protocol === 'https:' ? requestTls({ ...options, rejectUnauthorized: false, ...(isIP(options.host) === 0 ? { servername: options.host } : {}) }) : requestPlain(options)
    let trusted = false
    const end = (isOurs: boolean): void => {
      request.destroy()
      resolve({ isOurs, trusted })
    }
    request.on('response', (response) => {
      trusted = protocol === 'https:' && (response.socket as TLSSocket).authorized
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        body += part
        if (body.length > bodyBytesMax) end(false)
      })
      response.on('end', () => end(response.statusCode === 200 && body.includes('/login.css"') && body.includes('Moltbot')))
      response.on('error', () => end(false))
    })
    request.on('error', () => end(false))
    request.end()
  })
}

import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { Problem } from '@moltbot/contract'
import type { GatewayConfig } from './config.ts'

/** One address to listen on. `optional`: the gateway is complete without it (a machine without IPv6). */
export interface ListenAddress { host: string; optional: boolean }

/** IPv4 addresses that Tailscale gives. */
export const tailnet = /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./

/** Where the door listens. `loopback` is true when nobody but this machine can reach it. */
export function listenAddresses(config: Pick<GatewayConfig, 'bind' | 'customBindHost'>): { addresses: ListenAddress[]; loopback: boolean } {
  switch (config.bind) {
    case 'loopback':
    case 'auto':
      return { addresses: [{ host: '127.0.0.1', optional: false }, { host: '::1', optional: true }], loopback: true }
    case 'lan':
      return { addresses: [{ host: '0.0.0.0', optional: false }], loopback: false }
    case 'tailnet': {
      const own = Object.values(networkInterfaces()).flat().find((address) => address !== undefined && address.family === 'IPv4' && tailnet.test(address.address))
      if (own === undefined) throw new Problem('door-no-tailnet', 'gateway.bind is "tailnet", but this machine has no tailnet address.', { next: 'Start Tailscale first, or set gateway.bind to loopback.' })
      // The machine's own clients keep working by the loopback address.
      return { addresses: [{ host: own.address, optional: false }, { host: '127.0.0.1', optional: false }], loopback: false }
    }
    case 'custom': {
      const host = config.customBindHost.trim().replace(/^\[(.*)\]$/, '$1')
      if (host === '') throw new Problem('door-no-address', 'gateway.bind is "custom", but gateway.customBindHost is empty.', { next: 'Set gateway.customBindHost to the address to listen on, or gateway.bind to loopback.' })
      return { addresses: [{ host, optional: false }], loopback: host === '::1' || host === 'localhost' || (isIP(host) === 4 && host.startsWith('127.')) }
    }
  }
}

/** The addresses this machine has now, by the network they belong to. */
export const ownInterfaces = (): ReturnType<typeof networkInterfaces> => networkInterfaces()

/** Every name and address under which clients may reach the door: what its certificate must say. */
export function reachableNames(config: Pick<GatewayConfig, 'bind' | 'customBindHost' | 'allowedHosts' | 'controlUi'>): string[] {
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address.replace(/%.*$/s, '')))
  const hosts = listenAddresses(config).addresses.map(({ host }) => host)
  const everywhere = hosts.some((host) => host === '0.0.0.0' || host === '::')
  const origins = config.controlUi.allowedOrigins.flatMap((origin) => (URL.canParse(origin) ? [new URL(origin).hostname.replace(/^\[(.*)\]$/, '$1')] : []))
  const names = ['localhost', '127.0.0.1', '::1', hostname().toLowerCase(), ...hosts.filter((host) => host !== '0.0.0.0' && host !== '::'), ...(everywhere ? own : []), ...config.allowedHosts, ...origins]
  return [...new Set(names)].filter((name) => isIP(name) !== 0 || /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9][a-z0-9-]{0,62})*$/i.test(name))
}

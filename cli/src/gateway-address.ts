import { Problem } from '@moltbot/contract'
import { asFields, asNumber, asText } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'

/** The port of a gateway that configures none. */
export const defaultPort = 18789

/** Where the gateway is and what may be shown to it. */
export interface GatewayAddress {
  url: string
  /** Tokens to try in order; a wrong one is followed by the next. Empty: the device identity is offered instead. */
  tokens: string[]
}

/** What is known before connecting. Empty texts count as absent. */
export interface AddressSources {
  flags: { url?: string; token?: string }
  environment: Record<string, string | undefined>
  /** The configuration file as written; {} when there is none. */
  config: Fields
  /** `secrets.env`; empty when there is none. */
  secrets: ReadonlyMap<string, string>
  /** Where the gateway of this state directory listens right now, when one runs; it may have been started on another port. */
  runningPort?: number
}

const tokenNames = ['MOLTBOT_GATEWAY_TOKEN', 'CLAWDBOT_GATEWAY_TOKEN'] as const
const portNames = ['MOLTBOT_GATEWAY_PORT', 'CLAWDBOT_GATEWAY_PORT'] as const

/**
 * Decides where to connect and with which tokens. `--url` and `--token` stand above the environment, then `secrets.env`, then
 * `gateway.auth.token`. The tokens of this computer's own gateway are never shown to another computer: a foreign `--url` gets
 * only `--token`. Throws `usage` for an address that is none, and for plain `ws://` beyond private networks.
 */
export function resolveAddress(sources: AddressSources): GatewayAddress {
  const gateway = asFields(sources.config['gateway'])
  const remote = asFields(gateway['remote'])
  const remoteUrl = gateway['mode'] === 'remote' ? asText(remote['url']) : undefined
  const given = sources.flags.url ?? remoteUrl
  const url = given === undefined ? `ws://127.0.0.1:${localPort(sources, gateway)}` : checkUrl(given)
  if (sources.flags.token !== undefined) return { url, tokens: [sources.flags.token] }
  if (sources.flags.url === undefined && remoteUrl !== undefined) return { url, tokens: compact([expand(asText(remote['token']), sources)]) }
  if (!isLoopback(new URL(url).hostname)) return { url, tokens: [] }
  return {
    url,
    tokens: compact([
      ...tokenNames.map((name) => sources.environment[name]),
      ...tokenNames.map((name) => sources.secrets.get(name)),
      expand(asText(asFields(gateway['auth'])['token']), sources),
    ]),
  }
}

function localPort(sources: AddressSources, gateway: Fields): number {
  for (const name of portNames) {
    const port = Number(sources.environment[name])
    if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  }
  return sources.runningPort ?? asNumber(gateway['port']) ?? defaultPort
}

function checkUrl(given: string): string {
  const text = /^[a-z]+:\/\//i.test(given) ? given : `ws://${given}`
  let url: URL
  try {
    url = new URL(text.replace(/^http/i, 'ws'))
  } catch {
    throw new Problem('usage', `"${given}" is not an address.`, { next: 'Write it like ws://127.0.0.1:18789.' })
  }
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') throw new Problem('usage', `"${given}" is not a gateway address.`, { next: 'Use ws:// or wss://.' })
  if (url.protocol === 'ws:' && !isPrivate(url.hostname)) {
    throw new Problem('usage', `Refusing to talk to ${url.hostname} without encryption.`, { next: 'Use wss://, or an SSH tunnel and ws://127.0.0.1.' })
  }
  url.username = ''
  url.password = ''
  url.search = ''
  url.hash = ''
  return url.href.replace(/\/$/, '')
}

/** Whether a host name of a URL is this computer. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function isPrivate(host: string): boolean {
  return isLoopback(host) || /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)[\d.]+$/.test(host)
    || /^\[f[cd][0-9a-f]{2}:|^\[fe80:/i.test(host) || /\.(local|lan|home\.arpa|ts\.net)$/i.test(host) || !/[.:]/.test(host)
}

/** `${NAME}` of the environment or `secrets.env`; anything that stays unresolved is no token. */
function expand(text: string | undefined, sources: AddressSources): string | undefined {
  const value = text?.replace(/\$\{([A-Z_][A-Z0-9_]*)\}/g, (whole, name: string) => sources.environment[name] ?? sources.secrets.get(name) ?? whole)
  return value === undefined || value.includes('${') ? undefined : value
}

function compact(values: (string | undefined)[]): string[] {
  return [...new Set(values.filter((value): value is string => value !== undefined && value.trim() !== '').map((value) => value.trim()))]
}

import { Problem } from '@moltbot/contract'
import type { RunningGateway } from './running-gateway.ts'
import { asFields, asNumber, asText } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'

/** The port of a gateway that configures none. */
const defaultPort = 18789

/** Where the gateway is and what may be shown to it. */
export interface GatewayAddress {
  url: string
  /** Tokens to try in order; a wrong one is followed by the next. Empty: the device identity is offered instead. */
  tokens: string[]
  /** Names of the vault behind which further tokens are, not opened yet. Absent: none. */
  sealed?: string[]
  /** The Unix socket of a gateway of this user on this computer; tried first. */
  socketPath?: string
  /** SHA-256 of the certificate that must be shown, or of the authority that signed it: 64 hex digits; several with a comma between, while one takes the place of another. Absent: an authority this computer trusts must have signed it. */
  fingerprint?: string
}

/** What the command line may say about the address. */
export interface AddressFlags { url?: string; token?: string; tlsFingerprint?: string }

/** What is known before connecting. Empty texts count as absent. */
export interface AddressSources {
  flags: AddressFlags
  environment: Record<string, string | undefined>
  /** The configuration file as written; {} when there is none. */
  config: Fields
  /** `secrets.env`; empty when there is none. */
  secrets: ReadonlyMap<string, string>
  /** What was opened of the vault. Absent: nothing yet. */
  opened?: ReadonlyMap<string, string>
  /** The gateway of this state directory, when one runs; it may have been started on another port. */
  running?: RunningGateway
}

const tokenNames = ['MOLTBOT_GATEWAY_TOKEN', 'CLAWDBOT_GATEWAY_TOKEN'] as const
const sealedName = /\$\{secret:([^{}]{1,190})\}/g
const portNames = ['MOLTBOT_GATEWAY_PORT', 'CLAWDBOT_GATEWAY_PORT'] as const

/**
 * Decides where to connect and with which tokens. `--url` and `--token` stand above the environment, then `secrets.env`, then
 * `gateway.auth.token`. The tokens of this computer's own gateway are never shown to another computer: a foreign `--url` gets
 * only `--token`. Throws `usage` for an address that is none, and for plain `ws://` beyond this
 * computer and a tailnet, which encrypts by itself.
 */
export function resolveAddress(sources: AddressSources): GatewayAddress {
  const gateway = asFields(sources.config['gateway'])
  const remote = asFields(gateway['remote'])
  const remoteUrl = gateway['mode'] === 'remote' ? asText(remote['url']) : undefined
  const given = sources.flags.url ?? remoteUrl
  const url = given === undefined ? localUrl(sources, gateway) : checkUrl(given)
  const pin = pinFor(url, sources, given === remoteUrl ? asText(remote['tlsFingerprint']) : undefined)
  const place = {
    url,
    ...(pin === undefined ? {} : { fingerprint: pin }),
    ...(given === undefined && sources.running?.socketPath !== undefined && url === runningUrl(sources.running) ? { socketPath: sources.running.socketPath } : {}),
  }
  if (sources.flags.token !== undefined) return { ...place, tokens: [sources.flags.token] }
  if (sources.flags.url === undefined && remoteUrl !== undefined) return { ...place, ...tokensOf([asText(remote['token'])], sources) }
  if (!isLoopback(new URL(url).hostname)) return { ...place, tokens: [] }
  return {
    ...place,
    ...tokensOf([
      ...tokenNames.map((name) => sources.environment[name]),
      ...tokenNames.map((name) => sources.secrets.get(name)),
      asText(asFields(gateway['auth'])['token']),
    ], sources),
  }
}

/** What the texts stand for. */
function tokensOf(texts: readonly (string | undefined)[], sources: AddressSources): Pick<GatewayAddress, 'tokens' | 'sealed'> {
  const names = texts.flatMap((text) => [...(text ?? '').matchAll(sealedName)].map(([, name = '']) => name))
  const sealed = [...new Set(names)].filter((name) => sources.opened?.has(name) !== true)
  return { tokens: compact(texts.map((text) => expand(text, sources))), ...(sealed.length === 0 ? {} : { sealed }) }
}

function localUrl(sources: AddressSources, gateway: Fields): string {
  const encrypted = sources.running === undefined ? asFields(gateway['tls'])['enabled'] === true : sources.running.tls !== undefined
  for (const name of portNames) {
    const port = Number(sources.environment[name])
    if (Number.isInteger(port) && port > 0 && port < 65_536) return `${encrypted ? 'wss' : 'ws'}://127.0.0.1:${port}`
  }
  return sources.running === undefined ? `${encrypted ? 'wss' : 'ws'}://127.0.0.1:${asNumber(gateway['port']) ?? defaultPort}` : runningUrl(sources.running)
}

function runningUrl(running: RunningGateway): string {
  return `${running.tls === undefined ? 'ws' : 'wss'}://127.0.0.1:${running.port}`
}

/** What must be shown: what the command line says, else what is known of the gateway that is meant. */
function pinFor(url: string, sources: AddressSources, configured: string | undefined): string | undefined {
  const { protocol, hostname } = new URL(url)
  const given = sources.flags.tlsFingerprint ?? (configured === '' ? undefined : configured) ?? (isLoopback(hostname) && protocol === 'wss:' ? sources.running?.tls?.fingerprint : undefined)
  if (given === undefined) return undefined
  const pins = given.split(',').map((one) => one.trim().replace(/^sha-?256[:=]/i, '').replace(/[:\s]/g, '').toLowerCase())
  if (!pins.every((digits) => /^[0-9a-f]{64}$/.test(digits))) throw new Problem('usage', `"${given.slice(0, 100)}" is not a SHA-256 fingerprint.`, { next: 'It has 32 pairs of hex digits, as "moltbot gateway tls" shows it on the gateway\'s computer.' })
  if (protocol !== 'wss:') throw new Problem('usage', 'A fingerprint belongs to an encrypted connection.', { next: 'Write the address with wss://.' })
  return pins.join(',')
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
  if (url.protocol === 'ws:' && !isLoopback(url.hostname) && !isTailnet(url.hostname)) {
    throw new Problem('usage', `Refusing to talk to ${url.hostname} without encryption.`, { next: 'Use wss:// (gateway.tls), or an SSH tunnel and ws://127.0.0.1.' })
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

function isTailnet(host: string): boolean {
  return /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.\d+$/.test(host) || /^\[fd7a:115c:a1e0:/i.test(host) || /\.ts\.net$/i.test(host)
}

/** `${NAME}` of the environment or `secrets.env`, `${secret:NAME}` of what was opened of the vault; anything that stays unresolved is no token. */
function expand(text: string | undefined, sources: AddressSources): string | undefined {
  const value = text?.replace(sealedName, (whole, name: string) => sources.opened?.get(name) ?? whole).replace(/\$\{([A-Z_][A-Z0-9_]*)\}/g, (whole, name: string) => sources.environment[name] ?? sources.secrets.get(name) ?? whole)
  return value === undefined || value.includes('${') ? undefined : value
}

function compact(values: (string | undefined)[]): string[] {
  return [...new Set(values.filter((value): value is string => value !== undefined && value.trim() !== '').map((value) => value.trim()))]
}

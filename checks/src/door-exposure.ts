import type { Facts } from '@moltbot/contract'
import { isLoopback, isTailnet } from './addresses.ts'
import { asList, textAt, valueAt } from './config-value.ts'

export interface Exposure {
  /** `here`: only this machine; `tailnet`: encrypted by it; `network`: whoever reaches the machine. */
  reach: 'here' | 'tailnet' | 'network'
  /** What makes it so, for a sentence (`gateway.bind is "lan"`). */
  because: string
}

/** How far the gateway's port reaches: what listens now, and what the configuration asks for at the next start; the wider counts. */
export function doorExposure(facts: Facts): Exposure {
  const seen = (facts.listening?.addresses ?? []).filter((address) => !isLoopback(address))
  const open = seen.find((address) => !isTailnet(address))
  if (open !== undefined) return { reach: 'network', because: `the port ${facts.listening?.port ?? ''} listens on ${open}` }
  const wanted = configured(facts)
  if (wanted.reach === 'here' && seen[0] !== undefined) return { reach: 'tailnet', because: `the port ${facts.listening?.port ?? ''} listens on ${seen[0]}` }
  return wanted
}

function configured(facts: Facts): Exposure {
  const bind = textAt(facts, 'gateway.bind')
  const because = `gateway.bind is "${bind}"`
  if (bind === 'lan') return { reach: 'network', because }
  if (bind === 'tailnet') return { reach: 'tailnet', because }
  if (bind !== 'custom') return { reach: 'here', because }
  const host = textAt(facts, 'gateway.customBindHost')
  return { reach: host === '' || isLoopback(host) ? 'here' : isTailnet(host) ? 'tailnet' : 'network', because: `gateway.customBindHost is "${host}"` }
}

/** The secret that opens the door in the mode in effect. Absent: there is none. */
export function doorSecret(facts: Facts): Facts['credentials'][number] | undefined {
  const of = (path: string): Facts['credentials'][number] | undefined => facts.credentials.find((each) => each.path === path && each.length > 0)
  const token = of('gateway.auth.token')
  const password = of('gateway.auth.password')
  // An only password means password mode.
  return textAt(facts, 'gateway.auth.mode') === 'password' || token === undefined ? password ?? (textAt(facts, 'gateway.auth.mode') === 'password' ? undefined : token) : token
}

/** TLS of the gateway itself is on, with a certificate and key of the owner's or of its own making. */
export function hasTls(facts: Facts): boolean {
  if (valueAt(facts, 'gateway.tls.enabled') !== true) return false
  const given = ['gateway.tls.certPath', 'gateway.tls.keyPath'].filter((path) => textAt(facts, path) !== '').length
  return given === 2 || (given === 0 && valueAt(facts, 'gateway.tls.autoGenerate') !== false)
}

/** A reverse proxy is named; it is the one that speaks TLS then. */
export function hasProxy(facts: Facts): boolean {
  return asList(valueAt(facts, 'gateway.trustedProxies')).length > 0
}

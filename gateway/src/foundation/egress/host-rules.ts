import type { Target } from './parse-target.ts'

/** Who may be reached: a pattern is a name, `*.name` (what is below it), `*` (every name, no bare address) or an address; each may end in `:port`. */
export interface HostRules {
  allow: readonly string[]
  deny: readonly string[]
}

export type HostRuling =
  /** `exact`: this very host is written down. `portNamed`: the rule opens this very port. */
  | { kind: 'granted'; by: string; exact: boolean; portNamed: boolean }
  | { kind: 'refused'; by: string | undefined }

/** Deny is stronger than allow; what no rule names is refused. */
export function ruleOnHost({ allow, deny }: HostRules, target: Pick<Target, 'host' | 'port' | 'literal'>): HostRuling {
  const denied = deny.find((pattern) => fits(pattern, target) !== undefined)
  if (denied !== undefined) return { kind: 'refused', by: denied }
  let best: HostRuling = { kind: 'refused', by: undefined }
  for (const pattern of allow) {
    const fit = fits(pattern, target)
    if (fit === undefined) continue
    if (best.kind === 'refused' || fit.exact || fit.portNamed) best = { kind: 'granted', by: pattern, ...fit }
    if (fit.exact && fit.portNamed) break
  }
  return best
}

function fits(pattern: string, { host, port, literal }: Pick<Target, 'host' | 'port' | 'literal'>): { exact: boolean; portNamed: boolean } | undefined {
  const { name, port: wanted } = split(pattern)
  if (wanted !== undefined && wanted !== port) return undefined
  const portNamed = wanted !== undefined
  if (name === host) return { exact: true, portNamed }
  if (literal) return undefined
  if (name === '*' || (name.startsWith('*.') && host.endsWith(name.slice(1)) && host.length > name.length - 1)) return { exact: false, portNamed }
  return undefined
}

function split(pattern: string): { name: string; port: number | undefined } {
  const plain = pattern.trim().toLowerCase()
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(plain)
  if (bracketed !== null) return { name: bracketed[1] ?? '', port: bracketed[2] === undefined ? undefined : Number(bracketed[2]) }
  // More than one colon: an IPv6 address without brackets, which has no port.
  const named = /^([^:]+):(\d+)$/.exec(plain)
  return { name: (named?.[1] ?? plain).replace(/\.$/, ''), port: named === null ? undefined : Number(named[2]) }
}

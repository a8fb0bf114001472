import type { Scope } from '@moltbot/contract'

/** The scopes an operator may hold, as on the wire. */
export const operatorScopes: readonly Scope[] = ['operator.admin', 'operator.read', 'operator.write', 'operator.approvals', 'operator.pairing']

/** Whether someone holding `held` may do what needs `needed`: admin covers every operator scope, write covers read. */
export function covers(held: readonly string[], needed: string): boolean {
  if (needed === 'none' || held.includes(needed)) return true
  if (!needed.startsWith('operator.')) return false
  return held.includes('operator.admin') || (needed === 'operator.read' && held.includes('operator.write'))
}

/** Whether every scope of `wanted` is covered. */
export function coversAll(held: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((scope) => covers(held, scope))
}

/** The members of `scopes` this gateway knows; others are carried on the wire and open nothing. */
export function knownScopes(scopes: readonly string[]): Scope[] {
  return scopes.filter((scope): scope is Scope => operatorScopes.includes(scope as Scope) || scope === 'node')
}

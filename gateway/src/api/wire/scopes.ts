import type { Caller } from '../caller.ts'
import { covers } from '../scopes.ts'

/** Whether a caller may see what is said in sessions. Fails closed: a device that is no operator sees nothing, nor does a person who is neither owner nor admin. */
export function mayRead(caller: Pick<Caller, 'scopes' | 'principal'>): boolean {
  return covers(caller.scopes, 'operator.read') && (caller.principal.role === 'owner' || caller.principal.role === 'admin')
}

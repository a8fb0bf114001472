import type { Principal } from '@moltbot/contract'

/** Owners and admins: who sees what belongs to everybody, and may keep secrets. */
export function isElevated({ role }: Pick<Principal, 'role'>): boolean {
  return role === 'owner' || role === 'admin'
}

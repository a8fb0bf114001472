import type { Role } from '@moltbot/contract'

const ranks: Record<Role, number> = { owner: 3, admin: 2, member: 1, guest: 0 }

/** The role that may less. */
export function lesserRole(a: Role, b: Role): Role {
  return ranks[a] < ranks[b] ? a : b
}

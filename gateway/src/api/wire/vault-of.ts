import { Problem, type VaultDesk } from '@moltbot/contract'
import Type from 'typebox'
import type { Caller } from '../caller.ts'
import type { Rooms } from '../rooms.ts'

/** The vault in the name of the caller. Throws `vault-unavailable` where this gateway was built without one. */
export function vaultOf(rooms: Pick<Rooms, 'vault'>, caller: Pick<Caller, 'principal'>): VaultDesk {
  if (rooms.vault === undefined) throw new Problem('vault-unavailable', 'This gateway has no vault.')
  return rooms.vault(caller.principal.id)
}

export const KeyKind = Type.Union([Type.Literal('file'), Type.Literal('keyring'), Type.Literal('credential'), Type.Literal('passphrase')])

export const VaultStatusRow = Type.Object({
  state: Type.Union([Type.Literal('open'), Type.Literal('locked')]),
  reason: Type.Optional(Type.String()),
  kind: KeyKind,
  keyId: Type.String(),
  generation: Type.Integer(),
  secrets: Type.Integer(),
})

export const SecretName = Type.String({ minLength: 1, maxLength: 200 })
/** As long as the vault takes, in characters. */
export const SecretValue = Type.String({ minLength: 1, maxLength: 65_536 })
export const Passphrase = Type.String({ minLength: 1, maxLength: 1_024 })

import Type from 'typebox'
import type { Static } from 'typebox'
import type { Person } from '../../journey/guard/types.ts'

/** Somebody this gateway knows. */
export const PersonRow = Type.Object({
  id: Type.String(), name: Type.Union([Type.String(), Type.Null()]), role: Type.String(), profile: Type.Union([Type.String(), Type.Null()]), profileMissing: Type.Optional(Type.Boolean()),
  via: Type.String(), senders: Type.Array(Type.Object({ channel: Type.String(), account: Type.String(), sender: Type.String(), since: Type.Integer() })),
})
export type PersonRow = Static<typeof PersonRow>

export function personRow(person: Person): PersonRow {
  return { ...person, senders: person.senders.map((sender) => ({ ...sender, since: Math.round(sender.since) })) }
}

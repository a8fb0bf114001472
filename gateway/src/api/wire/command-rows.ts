import Type from 'typebox'
import type { Static } from 'typebox'
import type { Rooms } from '../rooms.ts'

/** One in-chat command, for completion and menus. `name` has no slash, `textAliases` have. */
export const CommandRow = Type.Object({
  name: Type.String(),
  nativeName: Type.String(),
  textAliases: Type.Array(Type.String()),
  description: Type.String(),
  category: Type.String(),
  source: Type.String(),
  scope: Type.String(),
  acceptsArgs: Type.Boolean(),
  args: Type.Array(Type.Object({ name: Type.String(), description: Type.String(), type: Type.String() })),
  ownerOnly: Type.Boolean(),
})
export type CommandRow = Static<typeof CommandRow>

export function commandRows(rooms: Pick<Rooms, 'commands'>): CommandRow[] {
  return rooms.commands().map((command) => ({
    name: command.name.replace(/^\//, ''), nativeName: command.name.replace(/^\//, ''),
    textAliases: [command.name, ...command.aliases].map((name) => (name.startsWith('/') ? name : `/${name}`)),
    description: command.description, category: 'session', source: 'native', scope: 'both', acceptsArgs: command.args !== '',
    args: command.args === '' ? [] : [{ name: command.args, description: command.args, type: 'string' }], ownerOnly: command.ownerOnly,
  }))
}

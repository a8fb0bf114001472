import Type from 'typebox'
import type { Static } from 'typebox'
import type { ToolCatalog } from '../rooms.ts'

/** Tools in their groups as clients of the family read them; `core`: the gateway's own. */
export const ToolGroups = Type.Array(Type.Object({
  id: Type.String(), label: Type.String(), source: Type.Literal('core'),
  tools: Type.Array(Type.Object({ id: Type.String(), label: Type.String(), description: Type.String(), source: Type.Literal('core'), defaultProfiles: Type.Array(Type.String()) })),
}))

/** `only` absent: all of them. Groups of which nothing is left are left out. */
export function toolGroupRows({ groups }: ToolCatalog, only?: ReadonlySet<string>): Static<typeof ToolGroups> {
  return groups.flatMap(({ id, tools }) => {
    const left = tools.filter(({ name }) => only?.has(name) ?? true)
    if (left.length === 0) return []
    return [{ id: id.replace(/^group:/, ''), label: id.replace(/^group:/, ''), source: 'core' as const, tools: left.map(({ name, description, profiles }) => ({ id: name, label: name, description, source: 'core' as const, defaultProfiles: profiles })) }]
  })
}

import Type from 'typebox'
import type { Static } from 'typebox'
import type { NodeRow } from '../../foundation/nodes/types.ts'

/** A node as clients of the family read it. */
export const WireNode = Type.Object({
  nodeId: Type.String(), displayName: Type.String(), platform: Type.String(), version: Type.String(), caps: Type.Array(Type.String()), commands: Type.Array(Type.String()),
  connectedAtMs: Type.Integer(), paired: Type.Boolean(), connected: Type.Boolean(),
  kind: Type.Enum(['page', 'device'], { description: 'A page asks its person each time, or once for a while; a device decides by its own settings.' }),
  visible: Type.Union([Type.Boolean(), Type.Null()], { description: 'Whether somebody looks at it, as it said last.' }),
})

export function nodeRow(row: NodeRow): Static<typeof WireNode> {
  return {
    nodeId: row.id, displayName: row.name, platform: row.platform, version: row.version, caps: row.caps, commands: row.commands, connectedAtMs: Math.round(row.connectedAt),
    paired: true, connected: true, kind: row.kind, visible: row.visible ?? null,
  }
}

import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import type { HaltActor, HaltDoor } from '../../foundation/halt/types.ts'
import type { Caller } from '../caller.ts'
import type { Rooms } from '../rooms.ts'

/** The halt room of a gateway that has one. */
export function haltOf(rooms: Rooms): HaltDoor {
  if (rooms.halt === undefined) throw new Problem('halt-absent', 'This gateway was built without a pause.')
  return rooms.halt
}

/** In whose name, and by which way. */
export function actorOf(caller: Caller): HaltActor {
  return { principal: caller.principal.id, via: caller.client.mode === 'cli' ? 'cli' : 'web' }
}

/** What everything stands at, as the wire tells it. Times are epoch ms. */
export const HaltShape = Type.Object({
  kind: Type.Union([Type.Literal('running'), Type.Literal('paused'), Type.Literal('panic')]),
  since: Type.Optional(Type.Integer()), by: Type.Optional(Type.String()), via: Type.Optional(Type.String()), incident: Type.Optional(Type.String()),
})

export function haltRow(rooms: Rooms): { kind: 'running' | 'paused' | 'panic'; since?: number; by?: string; via?: string; incident?: string } {
  const state = rooms.halt?.state() ?? { kind: 'running' as const }
  if (state.kind === 'running') return { kind: 'running' }
  return { kind: state.kind, since: Math.round(state.since), by: state.by, via: state.via, ...(state.kind === 'panic' ? { incident: state.incident } : {}) }
}

import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import type { PushDoor } from '../../foundation/push/types.ts'
import type { Rooms } from '../rooms.ts'

/** Throws `push-unavailable` where this gateway was built without. */
export function pushOf(rooms: Pick<Rooms, 'push'>): PushDoor {
  if (rooms.push === undefined) throw new Problem('push-unavailable', 'This gateway sends no notifications.')
  return rooms.push
}

export const PushWishes = Type.Object({ approvals: Type.Boolean(), replies: Type.Boolean(), alerts: Type.Boolean(), showText: Type.Boolean() })
export const Endpoint = Type.String({ minLength: 1, maxLength: 2_000 })

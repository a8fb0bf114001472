import Type from 'typebox'
import type { Static } from 'typebox'
import type { ChannelId } from '@moltbot/contract'
import { Problem } from '@moltbot/contract'
import type { Approver, PairedSender, PairingRequest } from '../../journey/guard/types.ts'
import type { Caller } from '../caller.ts'
import type { Rooms } from '../rooms.ts'

/** Someone who wrote and waits to be let in. */
export const PairingRow = Type.Object({
  channel: Type.String(), account: Type.String(), sender: Type.String(), senderName: Type.Union([Type.String(), Type.Null()]), code: Type.String(),
  createdAt: Type.Integer(), lastSeenAt: Type.Integer(), expiresAt: Type.Integer(),
})
export type PairingRow = Static<typeof PairingRow>

/** Someone who was let in, and as what. */
export const PairedRow = Type.Object({
  channel: Type.String(), account: Type.String(), sender: Type.String(), name: Type.Union([Type.String(), Type.Null()]), principal: Type.String(),
  role: Type.String(), since: Type.Integer(),
})
export type PairedRow = Static<typeof PairedRow>

export function pairingRow(request: PairingRequest): PairingRow {
  return { ...request, createdAt: Math.round(request.createdAt), lastSeenAt: Math.round(request.lastSeenAt), expiresAt: Math.round(request.expiresAt) }
}

export function pairedRow(paired: PairedSender): PairedRow {
  return { ...paired, since: Math.round(paired.since) }
}

/** Who decides, for the audit. */
export function approverOf(caller: Caller): Approver {
  return { via: caller.client.mode === 'cli' ? 'cli' : 'web', principal: caller.principal.id }
}

/** A channel of this gateway by its id. Throws `Problem('channel-unsupported')`. */
export function knownChannel(rooms: Pick<Rooms, 'channels'>, given: string): ChannelId {
  const channel = rooms.channels.find((known) => known.id === given.trim().toLowerCase())
  if (channel === undefined) throw new Problem('channel-unsupported', `unsupported channel: ${given}.`, { next: 'See channels.status for the channels of this gateway.' })
  return channel.id
}

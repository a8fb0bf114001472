import type { ChannelId, SenderId } from '@moltbot/contract'

export const slackId = 'slack' as ChannelId

/** A channel, a group chat or a direct chat. */
const placePattern = /^[CDG][A-Z0-9]{2,30}$/
const userPattern = /^[UW][A-Z0-9]{2,30}$/
const timestampPattern = /^\d{10}\.\d{6}$/

export function isPlace(text: unknown): text is string {
  return typeof text === 'string' && placePattern.test(text)
}

export function isDirect(place: string): boolean {
  return place.startsWith('D')
}

/** Slack names a message by its time, unique within a channel; as text it sorts as time does. */
export function isTimestamp(text: unknown): text is string {
  return typeof text === 'string' && timestampPattern.test(text)
}

export function timeOf(timestamp: string): number {
  return Math.round(Number(timestamp) * 1_000)
}

export function timestampAt(epochMs: number): string {
  return `${String(Math.max(0, Math.floor(epochMs / 1_000))).padStart(10, '0')}.${String(Math.max(0, Math.floor(epochMs)) % 1_000).padStart(3, '0')}000`
}

/** Who is at home in our workspace: their ids stand alone. */
export interface Home { team: string; enterprise: string | undefined }

/**
 * A person's stable id. Somebody from another workspace (a shared channel) is known by both ids together, so that no workspace can
 * name a person of ours.
 */
export function senderIdOf(user: string, team: string | undefined, home: Home): SenderId {
  const foreign = team !== undefined && team !== '' && team !== home.team && team !== home.enterprise
  return (foreign ? `${team}:${user}` : user) as SenderId
}

/** The user a sender id names; undefined: it names nobody who can be written to. */
export function userOf(sender: string): string | undefined {
  const user = /^(?:[TE][A-Z0-9]{2,30}:)?([A-Z0-9]+)$/.exec(sender)?.[1]
  return user !== undefined && userPattern.test(user) ? user : undefined
}

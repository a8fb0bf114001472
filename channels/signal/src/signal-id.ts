import type { ChannelId, PlatformMessageId } from '@moltbot/contract'

export const signalId = 'signal' as ChannelId

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const groupPattern = /^[A-Za-z0-9+/]{42,44}={0,2}$/

/** Signal knows people by an id that outlives their number and their name. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && uuidPattern.test(text)
}

export function isGroup(text: unknown): text is string {
  return typeof text === 'string' && groupPattern.test(text)
}

export function isNumber(text: unknown): text is string {
  return typeof text === 'string' && /^\+[1-9]\d{4,15}$/.test(text)
}

/** A message is its author and its time together; neither alone is unique in a group. */
export function messageId(author: string, timestamp: number): PlatformMessageId {
  return `${timestamp}:${author}` as PlatformMessageId
}

export function readMessageId(id: string): { author: string; timestamp: number } | undefined {
  const [, time = '', author = ''] = /^(\d{10,16}):(.+)$/.exec(id) ?? []
  return (isUuid(author) || isNumber(author)) && Number.isSafeInteger(Number(time)) ? { author, timestamp: Number(time) } : undefined
}

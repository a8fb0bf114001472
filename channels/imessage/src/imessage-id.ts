import type { ChannelId } from '@moltbot/contract'

export const imessageId = 'imessage' as ChannelId

/** `iMessage;-;+49151…` is a chat with one person, `iMessage;+;chat123…` one of several. */
const chatPattern = /^(iMessage|SMS|RCS|any);([-+]);([^\s;/\\]{1,200})$/
const messagePattern = /^(?:p:\d+\/|bp:)?([A-Za-z0-9-]{8,80})$/

export interface ChatName { service: string; group: boolean; identifier: string }

export function readChat(guid: unknown): ChatName | undefined {
  const [, service, sign, identifier] = (typeof guid === 'string' ? chatPattern.exec(guid) : null) ?? []
  return service === undefined || identifier === undefined ? undefined : { service, group: sign === '+', identifier }
}

/** A message's own id, without the part of it that is meant. */
export function messageGuid(text: unknown): string | undefined {
  return typeof text === 'string' ? messagePattern.exec(text)?.[1] : undefined
}

/**
 * A person's address in the one form it is compared in: a number with its country (`+49151…`), or an e-mail address in small letters.
 * Undefined: neither, so nobody who could be known again.
 */
export function handleOf(address: unknown): string | undefined {
  if (typeof address !== 'string') return undefined
  const text = address.trim().replace(/^(tel|mailto|imessage|sms):/i, '')
  if (text.includes('@')) return /^[^\s@;/\\]{1,64}@[a-z0-9.-]{1,190}$/i.test(text) ? text.toLowerCase() : undefined
  const number = text.replace(/[\s().-]/g, '')
  return /^\+[1-9]\d{4,15}$/.test(number) ? number : undefined
}

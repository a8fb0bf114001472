import { isEmoji, type AckReaction, type AckScope, type IncomingMessage, type SessionKey } from '@moltbot/contract'
import type { SignsOptions } from './types.ts'

/** What is put on a message where nothing else is wished or taken. Every network but iMessage has it. */
export const eyes = '👀'

/** The emoji that tells a person that this message was taken; undefined: it gets none. */
export function ackFor(message: IncomingMessage, key: SessionKey, options: Pick<SignsOptions, 'ack' | 'ackOf' | 'emojiOf' | 'addressed'>): string | undefined {
  // What the gateway itself wrote is nobody's message.
  if (message.job !== undefined || message.follows !== undefined) return undefined
  const { emoji, scope } = options.ack()
  const own = options.ackOf(message.chat)
  const addressed = (): boolean => options.addressed(message)
  if (!(typeof own === 'object' ? inOwnScope(message, own, addressed) : inScope(message, scope, addressed))) return undefined
  const chosen = (typeof own === 'object' ? own.emoji : own) ?? emoji
  if (chosen !== undefined) return chosen === '' ? undefined : chosen.replace(/^[a-z0-9_+-]+$/, ':$&:')
  const sign = options.emojiOf(key)?.trim() ?? ''
  return isEmoji(sign) ? sign : eyes
}

function inScope({ chat }: IncomingMessage, scope: AckScope, addressed: () => boolean): boolean {
  switch (scope) {
    case 'all': return true
    case 'direct': return chat.kind === 'direct'
    case 'group-all': return chat.kind !== 'direct'
    case 'group-mentions': return chat.kind !== 'direct' && addressed()
    default: return false
  }
}

function inOwnScope({ chat }: IncomingMessage, { direct = true, group = 'mentions' }: Exclude<AckReaction, string>, addressed: () => boolean): boolean {
  if (chat.kind === 'direct') return direct
  return group === 'always' || (group === 'mentions' && addressed())
}

import { createHash } from 'node:crypto'
import { Problem, mainAgent, type AgentId, type ChatRef, type PrincipalId, type Role, type SessionKey } from '@moltbot/contract'

/** How direct chats map to sessions. `auto`: the owner's chats share the main session, everybody else has one per channel. */
export type DmScope = 'auto' | 'main' | 'per-peer' | 'per-channel-peer' | 'per-account-channel-peer'

/** Letters a key may have; the parts a channel or a person chose are brought into this alphabet. */
const allowed = /^[a-z0-9_.:@+=-]+$/
export const keyLengthMax = 255

/** A segment longer than this is cut and gets a digest, so that a key stays one that can be named. */
const partLengthMax = 48

/**
 * One segment of a key from outside words: foreign letters escaped as `=<hex>=`, capitals lowered with their places kept at the end
 * (`==<base 36>`), long ones cut with a digest (`===<hex>`). Different words always give different segments.
 */
export function keyPart(text: string): string {
  let capitals = 0n
  Array.from(text).forEach((letter, at) => { if (letter >= 'A' && letter <= 'Z') capitals |= 1n << BigInt(at) })
  const lowered = text.replace(/[^A-Za-z0-9_.@+-]/gu, (letter) => `=${letter.codePointAt(0)?.toString(16) ?? '0'}=`).toLowerCase()
  const part = `${lowered}${capitals === 0n && lowered !== '' ? '' : `==${capitals === 0n ? '' : capitals.toString(36)}`}`
  return part.length <= partLengthMax ? part : `${lowered.slice(0, 12)}===${createHash('sha256').update(JSON.stringify(text)).digest('hex').slice(0, 32)}`
}

export function mainKey(agent: AgentId): SessionKey {
  return `agent:${agent}:main` as SessionKey
}

/** The session of a message from its place and speaker. Stable over restarts. */
export function keyOfChat(options: {
  chat: ChatRef; agent: AgentId; principal: { id: PrincipalId; role: Role }; peer: string; scope: DmScope; identityLinks: Record<string, string[]>
}): SessionKey {
  const { chat, agent, principal, scope } = options
  if (chat.kind === 'direct') {
    const linked = Object.entries(options.identityLinks).find(([, ids]) => ids.some((id) => id.toLowerCase() === `${chat.channel}:${options.peer}`.toLowerCase()))
    // A stranger whose id is spelt like the name of a linked person is not that person.
    const borrowed = linked === undefined && Object.keys(options.identityLinks).some((name) => keyPart(name) === keyPart(options.peer))
    const peer = `${borrowed ? '==' : ''}${keyPart(linked?.[0] ?? options.peer)}`
    const thread = chat.thread === undefined ? '' : `:thread:${keyPart(chat.thread)}`
    switch (scope) {
      case 'main': return `${mainKey(agent)}${thread}` as SessionKey
      case 'auto': return (principal.role === 'owner' ? `${mainKey(agent)}${thread}` : `agent:${agent}:${keyPart(chat.channel)}:dm:${peer}${thread}`) as SessionKey
      case 'per-peer': return `agent:${agent}:dm:${peer}${thread}` as SessionKey
      case 'per-channel-peer': return `agent:${agent}:${keyPart(chat.channel)}:dm:${peer}${thread}` as SessionKey
      case 'per-account-channel-peer': return `agent:${agent}:${keyPart(chat.channel)}:${keyPart(chat.account)}:dm:${peer}${thread}` as SessionKey
    }
  }
  const place = `agent:${agent}:${keyPart(chat.channel)}:${chat.kind === 'group' ? 'group' : 'channel'}:${keyPart(chat.chat)}`
  return (chat.thread === undefined ? place : `${place}:${chat.kind === 'group' ? 'topic' : 'thread'}:${keyPart(chat.thread)}`) as SessionKey
}

/** Brings a key a client gave into its canonical form: `main` and bare keys belong to the default agent. Throws `session-key-invalid`. */
export function canonicalKey(given: string, defaultAgent: AgentId = mainAgent): SessionKey {
  const text = given.trim().toLowerCase()
  const key = text === '' || text === 'main' ? mainKey(defaultAgent) : text.startsWith('agent:') ? text : `agent:${defaultAgent}:${text}`
  if (key.length > keyLengthMax || !allowed.test(key) || !/^agent:[a-z0-9][a-z0-9_-]{0,63}:[^:]/.test(key)) {
    throw new Problem('session-key-invalid', `"${given.slice(0, 80)}" is not a session key.`, { next: 'Use `main`, a name of letters and digits, or a key from `moltbot sessions list`.' })
  }
  return key as SessionKey
}

/** The agent a key belongs to. */
export function agentOfKey(key: SessionKey): AgentId {
  return (key.split(':')[1] ?? mainAgent) as AgentId
}

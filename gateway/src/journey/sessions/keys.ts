import { Problem, mainAgent, type AgentId, type ChatRef, type PrincipalId, type Role, type SessionKey } from '@moltbot/contract'

/** How direct chats map to sessions. `auto`: the owner's chats share the main session, everybody else has one per channel. */
export type DmScope = 'auto' | 'main' | 'per-peer' | 'per-channel-peer' | 'per-account-channel-peer'

/** Letters a key may have; the parts a channel or a person chose are brought into this alphabet. */
const allowed = /^[a-z0-9_.:@+=-]+$/
export const keyLengthMax = 255

/** One segment of a key from outside words: lower case, foreign letters escaped as `=<hex>` so that different ids stay different. */
export function keyPart(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9_.@+-]/gu, (letter) => `=${letter.codePointAt(0)?.toString(16) ?? '0'}=`)
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
    const peer = keyPart(linked?.[0] ?? options.peer)
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

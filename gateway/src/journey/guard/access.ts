import type { ChatRef, IncomingMessage, SenderId } from '@moltbot/contract'

/** What the gate reads of a channel's section. Every channel uses these names; what is absent takes the safe value. */
export interface AccessConfig {
  dmPolicy?: string
  allowFrom?: readonly (string | number)[]
  groupPolicy?: string
  groupAllowFrom?: readonly (string | number)[]
  requireMention?: boolean
  requireMentionInGroups?: boolean
  groups?: Record<string, GroupConfig>
  allowBots?: boolean
}
interface GroupConfig {
  enabled?: boolean
  requireMention?: boolean
  allowFrom?: readonly (string | number)[]
  tools?: ToolLists
  toolsBySender?: Record<string, ToolLists>
  topics?: Record<string, GroupConfig>
}
interface ToolLists { allow?: readonly string[]; deny?: readonly string[] }

export type Access =
  | { kind: 'allow' }
  | { kind: 'deny'; reason: string }
  /** Direct message of a stranger under the pairing policy. */
  | { kind: 'pair' }
  /** Allowed to be heard, but not addressed to us. */
  | { kind: 'not-addressed' }

/**
 * Whether a list names a sender by the network's stable id, bare or as `channel:id`, letter for letter. Names and addresses that
 * a sender can change (`@name`) never match, and neither does a blank entry or `*`, which names nobody.
 */
export function listNames(list: readonly (string | number)[] | undefined, channel: string, id: string): boolean {
  return (list ?? []).some((entry) => {
    const text = String(entry).trim()
    return text !== '' && text !== '*' && id.trim() !== '' && (text === id || namesOn(text, channel, id))
  })
}

/** Whether a list of `channel:id` names a sender. An id alone is not enough where one list speaks for all channels. */
export function listNamesOn(list: readonly (string | number)[], channel: string, id: string): boolean {
  return id.trim() !== '' && list.some((entry) => namesOn(String(entry).trim(), channel, id))
}

/** The channel's own name may be written in any case; ids may not, two of them can differ in nothing else. */
function namesOn(text: string, channel: string, id: string): boolean {
  const at = text.indexOf(':')
  return at > 0 && id !== '*' && text.slice(0, at).toLowerCase() === channel.toLowerCase() && text.slice(at + 1).trim() === id
}

/** Whether a list opens a door to everybody. */
function opensToAll(list: readonly (string | number)[] | undefined): boolean {
  return (list ?? []).some((entry) => String(entry).trim() === '*')
}

/** An entry written in the configuration under this very name. */
function entryOf<T>(entries: Record<string, T> | undefined, name: string): T | undefined {
  return entries !== undefined && Object.hasOwn(entries, name) ? entries[name] : undefined
}

/** What is written about a group, or about a topic in it; undefined: nothing. `name`: the entry, as it stands under `groups`. */
function placeIn(config: AccessConfig, { chat, thread }: Pick<ChatRef, 'chat' | 'thread'>): { name: string; settings: GroupConfig } | undefined {
  const own = entryOf(config.groups, chat)
  const base = own ?? entryOf(config.groups, '*')
  if (base === undefined) return undefined
  const topic = thread === undefined ? undefined : entryOf(base.topics, thread)
  return { name: own === undefined ? '*' : chat, settings: { ...base, ...topic } }
}

/** What takes tools away in a group, in order: its own lists, then those of each of these senders. Each with a name for people. */
export function toolListsAt(config: AccessConfig, chat: Pick<ChatRef, 'chat' | 'thread'>, senders: readonly (SenderId | string)[]): { name: string; lists: ToolLists }[] {
  const place = placeIn(config, chat)
  if (place === undefined) return []
  const { tools, toolsBySender } = place.settings
  return [
    ...(tools === undefined ? [] : [{ name: `groups.${place.name}.tools`, lists: tools }]),
    ...[...new Set(senders)].flatMap((sender) => {
      const name = entryOf(toolsBySender, sender) === undefined ? '*' : sender
      const lists = entryOf(toolsBySender, name)
      return lists === undefined ? [] : [{ name: `groups.${place.name}.toolsBySender.${name}`, lists }]
    }),
  ]
}

/** Whether a message addresses us: natively, as a reply to us, or by a pattern in what is written or said in it. */
export function isAddressed(message: IncomingMessage, patterns: readonly RegExp[]): boolean {
  if (message.mentioned === 'yes' || message.quoted?.fromUs === true) return true
  // What was heard of a voice note counts as what is written.
  const said = message.attachments.flatMap(({ kind, reading }) => (kind === 'voice' && reading?.kind === 'transcript' ? [reading.text] : []))
  // Networks' own formatting comes as Markdown; patterns are for the words.
  const unmarked = message.text.slice(0, 4_000).replace(/[*_~`\\\u200b]|\|\||<\/?u>/g, '')
  return [message.text, unmarked, ...said].some((text) => patterns.some((pattern) => pattern.test(text.slice(0, 2_000))))
}

/** The one gate for every channel. `known`: the sender is paired or named as owner. Missing or odd values deny. */
export function decideAccess(message: IncomingMessage, config: AccessConfig, facts: {
  known: boolean; owner: boolean; defaultGroupPolicy: string; patterns: readonly RegExp[]; command: boolean; activation: 'mention' | 'always' | undefined
}): Access {
  const { channel } = message.chat
  const id = message.sender.id
  if (message.sender.isBot === true && config.allowBots !== true) return { kind: 'deny', reason: 'bots are not answered' }
  if (id.trim() === '') return { kind: 'deny', reason: 'the sender has no id' }
  if (message.chat.kind === 'direct') return direct()
  return group()

  function direct(): Access {
    const policy = config.dmPolicy ?? 'pairing'
    if (policy === 'disabled') return { kind: 'deny', reason: 'direct messages are off (dmPolicy disabled)' }
    if (facts.owner) return { kind: 'allow' }
    const named = listNames(config.allowFrom, channel, id)
    if (policy === 'open') return named || facts.known || opensToAll(config.allowFrom) ? { kind: 'allow' } : { kind: 'deny', reason: 'dmPolicy open needs "*" in allowFrom' }
    if (policy !== 'allowlist' && policy !== 'pairing') return { kind: 'deny', reason: `unknown dmPolicy "${String(policy)}"` }
    if (named) return { kind: 'allow' }
    if (policy === 'allowlist') return { kind: 'deny', reason: 'not in allowFrom (dmPolicy allowlist)' }
    return facts.known ? { kind: 'allow' } : { kind: 'pair' }
  }

  function group(): Access {
    const policy = config.groupPolicy ?? facts.defaultGroupPolicy
    if (policy === 'disabled' || policy === 'deny') return { kind: 'deny', reason: 'groups are off (groupPolicy)' }
    if (!['allowlist', 'open', 'mention-only'].includes(policy)) return { kind: 'deny', reason: `unknown groupPolicy "${String(policy)}"` }
    const place = placeIn(config, message.chat)
    if (policy === 'allowlist' && place === undefined) return { kind: 'deny', reason: 'the group is not listed in groups' }
    const settings: GroupConfig = place?.settings ?? {}
    if (settings.enabled === false) return { kind: 'deny', reason: 'the group is switched off' }
    // A channel-wide list that is empty says nothing; one of a place that is empty says nobody.
    const groupList = (config.groupAllowFrom ?? []).length === 0 ? undefined : config.groupAllowFrom
    const list = settings.allowFrom ?? groupList
    // Without a list for groups the people of `allowFrom` count, but never its `*`: that opens direct chats only.
    const named = list === undefined ? listNames(config.allowFrom, channel, id) : listNames(list, channel, id) || opensToAll(list)
    const mayAll = policy !== 'allowlist' && list === undefined
    if (!facts.owner && !mayAll && !named) return { kind: 'deny', reason: 'the sender is not in the list of this group' }
    const needsMention = policy === 'mention-only' || (facts.activation === undefined
      ? (settings.requireMention ?? config.requireMention ?? config.requireMentionInGroups ?? true)
      : facts.activation === 'mention')
    if (!needsMention || facts.command || isAddressed(message, facts.patterns)) return { kind: 'allow' }
    return { kind: 'not-addressed' }
  }
}

import type { APIChannel, ChannelType } from '@discordjs/core/http-only'
import type { AccountId, ChatId, ChatRef, ThreadId } from '@moltbot/contract'
import { discordId } from './discord-id.ts'

/** A place as Discord has it: a channel, a thread inside one, or a direct chat. */
export interface Place {
  id: string
  /** The channel a thread is in; absent: it is no thread. */
  parent?: string
  name?: string
  direct: boolean
}

/** Discord's numbers for kinds of channels; its own enumeration would load the SDK's types as code. */
const threadTypes = new Set<ChannelType>([10, 11, 12])
const directTypes = new Set<ChannelType>([1, 3])

type ChannelFacts = Pick<APIChannel, 'id' | 'type'> & { name?: string | null; parent_id?: string | null }

export interface Places {
  get(id: string): Place | undefined
  learn(channel: ChannelFacts): Place
  forget(id: string): void
  nameOf(id: string): string | undefined
  chatRef(place: Place): ChatRef
}

/** What is known of channels and threads, from the gateway's events or asked for. Bounded: the oldest are forgotten and asked for again. */
export function createPlaces(account: AccountId, keptMax = 20_000): Places {
  const known = new Map<string, Place>()
  return {
    get: (id) => known.get(id),
    learn(channel) {
      const place: Place = { id: channel.id, direct: directTypes.has(channel.type) }
      if (threadTypes.has(channel.type) && typeof channel.parent_id === 'string') place.parent = channel.parent_id
      if (typeof channel.name === 'string' && channel.name !== '') place.name = channel.name
      known.delete(place.id)
      known.set(place.id, place)
      const oldest = known.size > keptMax ? known.keys().next().value : undefined
      if (oldest !== undefined) known.delete(oldest)
      return place
    },
    forget: (id) => void known.delete(id),
    nameOf: (id) => known.get(id)?.name,
    chatRef(place) {
      const chat: ChatRef = { channel: discordId, account, chat: (place.parent ?? place.id) as ChatId, kind: place.direct ? 'direct' : 'group' }
      if (place.parent !== undefined) chat.thread = place.id as ThreadId
      const title = place.parent === undefined ? place.name : [known.get(place.parent)?.name, place.name].filter((name) => name !== undefined).join(' / ')
      if (!place.direct && title !== undefined && title !== '') chat.title = title
      return chat
    },
  }
}

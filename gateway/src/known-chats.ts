/** The chats the gateway knows of a person: where they were last, and where they may write. */
import { ownerPrincipal, type Channel, type ChatRef, type OutgoingButton, type PrincipalId } from '@moltbot/contract'
import { isElevated } from './elevated.ts'
import type { Connections } from './foundation/connections/types.ts'
import type { GuardRoom } from './journey/guard/index.ts'
import type { OutboxRoom } from './journey/outbox/index.ts'
import type { SessionsRoom } from './journey/sessions/index.ts'

export interface KnownChats {
  /** Chats a person may write to: those of their own conversations, for the owner and admins everybody's on a network, and of paired people. */
  placesOf(principal: PrincipalId): Promise<{ chat: ChatRef; names: string[] }[]>
  /** Writes to the owner where they were last, on a network if they use one. False: there is no such chat yet. */
  tellOwner(words: string, key: string, buttons?: readonly OutgoingButton[]): Promise<boolean>
}

export function createKnownChats({ channels, guard, sessions, connections, outbox }: {
  channels: readonly Channel[]
  guard: Pick<GuardRoom, 'principal' | 'people'>
  sessions: Pick<SessionsRoom, 'list'>
  connections: Pick<Connections, 'of'>
  outbox: Pick<OutboxRoom, 'send'>
}): KnownChats {
  const tellOwner = async (words: string, key: string, buttons?: readonly OutgoingButton[]): Promise<boolean> => {
    const chats = (await sessions.list()).flatMap(({ principal, kind, lastChat }) => (principal === ownerPrincipal && kind === 'direct' && lastChat !== null ? [lastChat] : []))
    const isNetwork = (chat: ChatRef): boolean => channels.find(({ id }) => id === chat.channel)?.senders === 'platform'
    const chat = chats.find((each) => isNetwork(each) && connections.of(each) !== undefined) ?? chats.find((each) => !isNetwork(each) && connections.of(each)?.door?.serves !== 'http')
    if (chat === undefined) return false
    await outbox.send({ chat, markdown: words, principal: ownerPrincipal, key, ...(buttons === undefined ? {} : { buttons }) })
    return true
  }
  const placesOf = async (principal: PrincipalId): Promise<{ chat: ChatRef; names: string[] }[]> => {
    const who = await guard.principal(principal)
    const privy = who !== undefined && isElevated(who)
    const places = new Map<string, { chat: ChatRef; names: string[] }>()
    const add = (chat: ChatRef, names: readonly (string | null | undefined)[]): void => {
      if (channels.find(({ id }) => id === chat.channel)?.senders !== 'platform') return
      const key = JSON.stringify([chat.channel, chat.account, chat.chat, chat.thread ?? null])
      const place = places.get(key) ?? { chat, names: [] }
      places.set(key, place)
      place.names.push(...names.filter((name) => name !== null && name !== undefined && !place.names.includes(name)) as string[])
    }
    for (const session of await sessions.list()) if (session.lastChat !== null && (privy || session.principal === principal)) add(session.lastChat, [session.settings.label])
    for (const person of privy ? await guard.people() : []) {
      for (const { channel, account, sender } of person.senders) {
        const connection = connections.of({ channel, account })
        const chat = await connection?.openDirect?.(sender).catch(() => undefined)
        if (chat !== undefined) add(chat, [person.name])
      }
    }
    return [...places.values()]
  }
  return { placesOf, tellOwner }
}

/** What jobs need of the other rooms: the route they are handed to, the conversations they work and report in, and whose turn asks for them. */
import {
  describeError, leastTrusted, Problem, type AccountId, type Channel, type ChatId, type ChatRef, type IncomingMessage, type Logger, type PrincipalId, type Receipt, type SenderId, type Store,
} from '@moltbot/contract'
import type { Audit } from './foundation/audit/types.ts'
import { cronSection, type Job, type JobsNeeds, type JobsSubject } from './foundation/jobs/index.ts'
import type { Config } from './foundation/config/index.ts'
import type { Connections } from './foundation/connections/types.ts'
import type { GuardRoom } from './journey/guard/index.ts'
import type { InboxRoom } from './journey/inbox/index.ts'
import type { OutboxRoom } from './journey/outbox/index.ts'
import { originOf, originOfEntries, type GrantSubject } from './journey/sandbox/index.ts'
import { mainKey, undoneOf, type SessionsRoom } from './journey/sessions/index.ts'
import type { KnownChats } from './known-chats.ts'

/** So much of a conversation is looked at for whose words stand in it. */
const entriesLooked = 1_000

export interface JobRooms {
  store: Store
  log: Logger
  config: Config
  audit: Pick<Audit, 'append'>
  channels: readonly Channel[]
  inbox: Pick<InboxRoom, 'byPlatformId' | 'ofTurn' | 'onEnd' | 'senderIn'>
  sessions: Pick<SessionsRoom, 'get' | 'reset' | 'running' | 'history' | 'inject' | 'transcript' | 'receipts' | 'keyFor'>
  outbox: Pick<OutboxRoom, 'send'>
  guard: Pick<GuardRoom, 'principal' | 'people'>
  chats: Pick<KnownChats, 'tellOwner' | 'placesOf'>
  stopSession: SessionsRoom['abort']
  connections: Pick<Connections, 'of'>
  receive(message: IncomingMessage): Promise<Receipt>
  held(): boolean
  zone(): string
  model(name: string): string | undefined
  mask(text: string): string
}

export function jobNeeds({ store, log, config, audit, channels, inbox, sessions, outbox, guard, chats, stopSession, connections, receive, held, zone, model, mask }: JobRooms): JobsNeeds {
  const isNetwork = (chat: ChatRef): boolean => channels.find(({ id }) => id === chat.channel)?.senders === 'platform'
  return {
    settings: () => config.get(cronSection), zone, held, model, mask, principal: guard.principal,
    record: (tx, entry) => audit.append(tx, entry),
    async receive(message) {
      const receipt = await receive(message)
      if (receipt.kind === 'refused') throw new Problem('message-refused', receipt.reason)
    },
    async outcomeOf(id) {
      const row = await inbox.byPlatformId(id)
      if (row === undefined) return undefined
      const turn = row.turnId === null ? undefined : await sessions.transcript.turn(store.read, row.turnId)
      const receipts = row.turnId === null ? [] : await sessions.receipts(row.turnId)
      return {
        end: row.end, detail: row.endDetail, outcome: turn?.outcome ?? null, text: turn?.text ?? '', acted: receipts.length > 0, undone: undoneOf(receipts).length > 0,
        timedOut: turn !== undefined && turn.endedAt !== null && turn.endedAt >= turn.deadline,
      }
    },
    onEnded: (listener) => inbox.onEnd((row) => listener(row.message.id)),
    ownPlace(session) {
      const account = 'default' as AccountId
      const [channel] = (['browser', 'terminal'] as const).flatMap((serves) => channels.filter(({ id }) => connections.of({ channel: id, account })?.door?.serves === serves))
      return channel === undefined ? undefined : { channel: channel.id, account, chat: session as string as ChatId, kind: 'direct' }
    },
    async homeOf({ madeIn, chat, agent, principal, sender }: Job) {
      if (madeIn !== null) return madeIn
      const who = await guard.principal(principal)
      if (chat === null || !isNetwork(chat) || who === undefined) return mainKey(agent)
      return sessions.keyFor({ chat, sender: { id: sender } } as IncomingMessage, who)
    },
    async refresh(session) {
      const row = await sessions.get(session)
      if (row !== undefined && sessions.running(session).length === 0) await sessions.reset(session, row.principal)
    },
    abort: (session) => stopSession(session, { reason: 'stop' }),
    labelOf: async (session) => originOfEntries(await sessions.history(session, entriesLooked)),
    inject: (session, text, origin) => sessions.inject(session, text, undefined, origin),
    tell(chat, markdown, principal, key) {
      const told = chat === null ? chats.tellOwner(markdown, key) : outbox.send({ chat, markdown, principal, key })
      told.catch((error: unknown) => log.error('What became of a job could not be told.', { key, error: describeError(error) }))
    },
  }
}

/** Whose turn asks for jobs, and where their results would go: the place of the turn, which is fixed. */
export function jobsSubject({ store, inbox, channels }: Pick<JobRooms, 'store' | 'inbox' | 'channels'>, { agent, session, principal, label, conversation }: GrantSubject): () => Promise<JobsSubject> {
  return async () => {
    const rows = conversation === undefined ? [] : await inbox.ofTurn(store.read, conversation.turn)
    const [first] = rows
    const origin = leastTrusted([originOf(label)])
    const isOurs = (chat: ChatRef): boolean => channels.find(({ id }) => id === chat.channel)?.senders === 'authenticated'
    return {
      agent, session, principal, origin,
      byJob: /^agent:[^:]+:cron:/.test(session) || rows.some(({ message }) => message.job !== undefined),
      // Our own ways in name their chats by the conversation; there its result is read.
      ...(first === undefined || conversation === undefined ? {} : { place: { chat: isOurs(conversation.chat) ? null : conversation.chat, sender: first.message.sender.id } }),
    }
  }
}

/** Where a person's jobs may tell their results, by what a client names: `last`, or a channel and a chat in it. Rejects with `recipient-unknown`. */
export async function placeForJobs({ inbox, chats, guard }: Pick<JobRooms, 'inbox' | 'chats' | 'guard'>, principal: PrincipalId, wanted: { channel?: string | undefined; account?: string | undefined; to?: string | undefined } | 'none'): Promise<{ chat: ChatRef | null; sender: SenderId }> {
  const own = { chat: null, sender: principal as string as SenderId }
  if (wanted === 'none') return own
  const { channel, account, to } = wanted
  const places = (await chats.placesOf(principal)).map((each) => each.chat)
    .filter((chat) => (channel === undefined || channel === 'last' || chat.channel === channel) && (account === undefined || chat.account === account))
  const named = to === undefined || to === 'last' ? undefined : places.find((chat) => chat.chat === to)
  const theirs = (await guard.people()).find(({ id }) => id === principal)?.senders ?? []
  const senderAt = async (chat: ChatRef): Promise<SenderId | undefined> =>
    (await inbox.senderIn(chat, principal)) ?? theirs.find((each) => each.channel === chat.channel && each.account === chat.account)?.sender
  const [chat] = to === undefined || to === 'last' ? places.filter(({ kind }) => kind === 'direct') : [named]
  const sender = chat === undefined ? undefined : await senderAt(chat)
  if (chat === undefined || sender === undefined) {
    throw new Problem('recipient-unknown', `There is no such chat${channel === undefined ? '' : ` on ${channel.slice(0, 40)}`} of yours.`, { next: 'Only chats that wrote before can be written to: moltbot message list-groups' })
  }
  return { chat, sender }
}

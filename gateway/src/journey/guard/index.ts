/**
 * The guard: who someone is, and whether they may. Every privileged act passes `judge`, which writes the audit entry itself.
 * It never performs what it allows, and it reads no message for its meaning.
 */
import {
  ownerPrincipal, unreachable, type Action, type AgentId, type Channel, type ChannelId, type AccountId, type Clock, type ConfigView, type IncomingMessage, type Logger, type Migration, type NewId,
  type Principal, type PrincipalId, type Store, type Tx, type Verdict,
} from '@moltbot/contract'
import type { Audit } from '../../foundation/audit/types.ts'
import { createApprovals, type Approvals } from './approvals.ts'
import type { CommandPolicy } from './allow-list/index.ts'
import { decideAccess, listNames, listNamesOn, type AccessConfig } from './access.ts'
import { channelDefaultsSection, commandsSection, peopleSection } from './config.ts'
import { knownAddresses, type KnownAddresses } from './known-addresses.ts'
import { createPairing, type Revoked } from './pairing.ts'
import { createPeople, type People } from './people.ts'
import { toVerdict, type Ruling } from './rules.ts'
import { createRuling } from './ruling.ts'
import type { Guard } from './types.ts'

export type * from './types.ts'
export { channelDefaultsSection, commandsSection, peopleSection } from './config.ts'
export { isAddressed, toolListsAt } from './access.ts'
export { askButtons, asksFor, askWords } from './ask-words.ts'
export { policySection, testExpectations } from './expectations.ts'
export type { PlacedExpectation } from './expectations.ts'
export { createPolicy } from './policy.ts'
export { createRuling } from './ruling.ts'
export type { CommandPolicy } from './allow-list/index.ts'
export type { KnownAddresses } from './known-addresses.ts'
export { codeValidMs } from './pairing.ts'

export const guardMigration: Migration = {
  name: '0001-guard',
  sql: `CREATE TABLE principals (id TEXT PRIMARY KEY, role TEXT NOT NULL, name TEXT, created_at INTEGER NOT NULL);
        INSERT INTO principals (id, role, name, created_at) VALUES ('owner', 'owner', NULL, 0);
        CREATE TABLE identities (channel TEXT NOT NULL, account TEXT NOT NULL, sender TEXT NOT NULL, principal TEXT NOT NULL, name TEXT, since INTEGER NOT NULL,
          PRIMARY KEY (channel, account, sender));
        CREATE TABLE pairing_requests (channel TEXT NOT NULL, account TEXT NOT NULL, sender TEXT NOT NULL, sender_name TEXT, code TEXT NOT NULL UNIQUE,
          created_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (channel, account, sender));
        CREATE TABLE pairing_guard (id INTEGER PRIMARY KEY, wrong INTEGER NOT NULL, since INTEGER NOT NULL, locked_until INTEGER NOT NULL)`,
}

/** Roles and profiles that the owner chose, who was removed, and how often a waiting code was missed. */
export const guardPeopleMigration: Migration = {
  name: '0004-guard-people',
  sql: `ALTER TABLE principals ADD COLUMN profile TEXT;
        ALTER TABLE principals ADD COLUMN chosen INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE pairing_requests ADD COLUMN misses INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE principals_removed (id TEXT PRIMARY KEY, at INTEGER NOT NULL)`,
}

/** Questions to people about exact calls, and what they allowed for good. */
export const guardApprovalsMigration: Migration = {
  name: '0006-guard-approvals',
  sql: `CREATE TABLE approvals (id TEXT PRIMARY KEY, code TEXT NOT NULL, session TEXT, agent TEXT NOT NULL, turn TEXT, principal TEXT NOT NULL, role TEXT NOT NULL, tool TEXT NOT NULL, effects TEXT NOT NULL,
          summary TEXT NOT NULL, detail TEXT NOT NULL, digest TEXT NOT NULL, reason TEXT NOT NULL, always TEXT, requested_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, state TEXT NOT NULL,
          decision TEXT, decided_by TEXT, decided_via TEXT, decided_at INTEGER, used_at INTEGER);
        CREATE INDEX approvals_by_state ON approvals (state, requested_at);
        CREATE INDEX approvals_by_digest ON approvals (digest);
        CREATE INDEX approvals_by_code ON approvals (code);
        CREATE TABLE standing_grants (id TEXT PRIMARY KEY, principal TEXT NOT NULL, agent TEXT NOT NULL, kind TEXT NOT NULL, what TEXT NOT NULL, words TEXT NOT NULL, since INTEGER NOT NULL, by TEXT NOT NULL,
          UNIQUE (principal, agent, kind, what))`,
}

/** In which conversation a question was asked: a yes may last for that one alone. */
export const guardConversationsMigration: Migration = {
  name: '0008-guard-conversations',
  sql: `ALTER TABLE approvals ADD COLUMN conversation TEXT;
        ALTER TABLE standing_grants ADD COLUMN session TEXT;
        ALTER TABLE standing_grants ADD COLUMN conversation TEXT`,
}

/** The reason kept with a group message that was heard but not addressed to us; it becomes context later. */
const notAddressedReason = 'not addressed'

export interface GuardRoom extends Guard, Approvals, Pick<People, 'toolsLeft'> {
  /** What `judge` would say now, without a line in the record. */
  wouldRule(principal: Principal, action: Action): Promise<Ruling>
  /** For one turn: which addresses it may reach after strangers' words. */
  knownAddresses(): KnownAddresses
  /** `judge` inside a transaction that is already open. */
  judgeIn(tx: Tx, principal: Principal, action: Action): Promise<Verdict>
  /** Calls back after someone was shut out: what they had running must end. Returns how to stop. */
  onRevoked(listener: (who: Revoked) => void): () => void
}

export function createGuard(options: {
  store: Store; clock: Clock; newId: NewId; log: Logger; config: ConfigView; audit: Audit
  channels: readonly Channel[]
  /** The section values of one account, the account's own values over the channel's. */
  accountConfig(channel: ChannelId, account: AccountId): AccessConfig
  /** Patterns by which agents are addressed in groups, besides `messages.groupChat.mentionPatterns`. */
  mentionPatterns(): readonly RegExp[]
  /** True when the text is a command the gateway answers itself. */
  isCommand(text: string): boolean
  /** The group's own activation, when someone set it with a command. */
  activation(tx: Tx, message: IncomingMessage): Promise<'mention' | 'always' | undefined>
  /** Whether a list of a person's profile means this tool. Absent: its own name, or `*`. */
  namesTool?(list: readonly string[], tool: string): boolean
  /** What the owner decided about an agent's commands. Absent: nothing beyond the general rules. */
  commandPolicy?(agent: AgentId): CommandPolicy
  /** Why nobody's tools run at the moment; undefined: they do. */
  toolsHeld?(): string | undefined
}): GuardRoom {
  const { store, clock, newId, config, audit } = options
  const pairing = createPairing({
    store, clock, newId, audit,
    ownerNamed: () => config.get(commandsSection).ownerAllowFrom.some((entry) => /^[^:]+:\s*[^*\s]/.test(String(entry).trim())),
  })

  const profiles = (): ReturnType<typeof config.get<typeof peopleSection.schema>>['profiles'] => config.get(peopleSection).profiles
  const book = createRuling({ profiles, namesTool: options.namesTool, commandPolicy: (agent) => policyOn(agent) })
  const people = createPeople({ store, clock, audit, roster: book, profiles, shutOut: pairing.shutOut })
  const { principalIn } = book
  const approvals = createApprovals({ store, clock, newId, audit, asNow: book.asNow })

  /** A sender nobody paired but a list admits: a member by that list, kept apart by its own id. */
  async function listedPrincipal(tx: Tx, message: IncomingMessage, role: 'member' | 'guest'): Promise<Principal> {
    const id = `${message.chat.channel}:${message.chat.account.replaceAll(':', '=3a=')}:${message.sender.id}` as PrincipalId
    await tx.run(
      'INSERT INTO principals (id, role, name, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET role = excluded.role WHERE principals.chosen = 0',
      id, role, message.sender.name?.slice(0, 100) ?? null, clock.now(),
    )
    await tx.run('DELETE FROM principals_removed WHERE id = ?', id)
    const now = (await principalIn(tx, id)) ?? { id, role: 'guest' as const }
    return { id, role: now.role, ...(message.sender.name === undefined ? {} : { name: message.sender.name }) }
  }

  /** Says once where a group was not listened to: its id is what the owner has to write into the configuration. */
  const namedPlaces = new Set<string>()
  function nameRefusedPlace(message: IncomingMessage, reason: string): void {
    const place = JSON.stringify([message.chat.channel, message.chat.account, message.chat.chat])
    if (message.chat.kind === 'direct' || namedPlaces.has(place) || namedPlaces.size > 1_000) return
    namedPlaces.add(place)
    options.log.info('A group was not listened to.', { channel: message.chat.channel, group: message.chat.chat, title: message.chat.title ?? '', sender: message.sender.id, reason })
  }

  /** Says once which entries of the allow list cover nothing: whoever wrote one waits for it to work. */
  const namedEntries = new Set<string>()
  function policyOn(agent: AgentId): CommandPolicy | undefined {
    const policy = options.commandPolicy?.(agent)
    for (const entry of policy?.entries ?? []) {
      const why = namedEntries.has(entry) ? undefined : approvals.whyNoEntry(entry)
      if (why !== undefined) options.log.warn('An entry of the allow list covers nothing.', { entry, why })
      if (namedEntries.size < 1_000) namedEntries.add(entry)
    }
    return policy
  }

  const held = (action: Action): Ruling | undefined => {
    const why = action.kind === 'use-tool' ? options.toolsHeld?.() : undefined
    return why === undefined ? undefined : { kind: 'deny', reason: why }
  }

  async function judgeIn(tx: Tx, principal: Principal, action: Action): Promise<Verdict> {
    const ruling = held(action) ?? (await book.rulingOn(tx, principal, action))
    const subject = action.kind === 'use-tool' ? `${action.session}` : action.kind === 'call-method' ? action.method : action.kind === 'command' ? `/${action.name}` : action.kind
    await audit.append(tx, {
      act: `${action.kind}.judged`, principal: principal.id, subject, outcome: ruling.kind, reason: ruling.kind === 'allow' ? (ruling.by ?? 'rule') : ruling.reason,
      ...(action.kind === 'use-tool' ? { facts: { tool: action.tool, effects: action.effects } } : {}),
    })
    return toVerdict(principal, ruling)
  }

  return {
    ...pairing,
    ...approvals,
    people: people.people, profileNames: people.profileNames, setRole: people.setRole, setProfile: people.setProfile, removePerson: people.removePerson,
    principal: (id) => principalIn(store.read, id),
    toolsLeft: people.toolsLeft,
    judgeIn, knownAddresses, wouldRule: async (principal, action) => held(action) ?? book.rulingOn(store.read, principal, action),
    judge: (principal, action) => store.transaction((tx) => judgeIn(tx, principal, action)),
    async judgeMessage(tx, message) {
      const channel = options.channels.find((each) => each.id === message.chat.channel)
      const subject = `${message.chat.channel}:${message.sender.id}`
      const refuse = async (reason: string): Promise<Verdict> => {
        await audit.append(tx, { act: 'message.denied', principal: null, subject, outcome: 'deny', reason })
        return { kind: 'deny', reason }
      }
      if (channel === undefined) return refuse('unknown channel')
      if (channel.senders === 'authenticated') {
        const principal = await principalIn(tx, message.sender.id as unknown as PrincipalId)
        return principal === undefined ? refuse('unknown principal') : { kind: 'allow', principal }
      }
      const { account } = message.chat
      const access = options.accountConfig(channel.id, account)
      const named = listNamesOn(config.get(commandsSection).ownerAllowFrom, channel.id, message.sender.id)
      const identity = await pairing.identity(tx, channel.id, account, message.sender.id)
      const owner = named || identity?.principal === ownerPrincipal || (identity !== undefined && (await principalIn(tx, identity.principal))?.role === 'owner')
      const ruling = decideAccess(message, access, {
        known: identity !== undefined, owner, defaultGroupPolicy: config.get(channelDefaultsSection).groupPolicy, patterns: options.mentionPatterns(),
        // In a group `wait` or `stop` is said to others all the time; only what is plainly a command needs no mention.
        command: message.text.trimStart().startsWith('/') && options.isCommand(message.text), activation: await options.activation(tx, message),
      })
      const speaker = async (): Promise<Principal> => {
        if (named || identity?.principal === ownerPrincipal) return { id: ownerPrincipal, role: 'owner' }
        if (identity !== undefined) return (await principalIn(tx, identity.principal)) ?? (await listedPrincipal(tx, message, 'guest'))
        return listedPrincipal(tx, message, listNames(access.allowFrom, channel.id, message.sender.id) ? 'member' : 'guest')
      }
      switch (ruling.kind) {
        case 'deny':
          nameRefusedPlace(message, ruling.reason)
          return refuse(ruling.reason)
        case 'not-addressed': {
          // Only a name that is said could still open the gate.
          const maySay = options.mentionPatterns().length > 0 && message.attachments.some(({ kind, data }) => kind === 'voice' && data !== undefined)
          return { kind: 'deny', reason: notAddressedReason, ...(maySay ? { speaker: await speaker() } : {}) }
        }
        case 'pair': {
          const code = await pairing.invite(tx, message)
          return { kind: 'ask', reason: 'unknown sender', ...(code === undefined ? {} : { code }) }
        }
        case 'allow': return { kind: 'allow', principal: await speaker() }
        default: return unreachable(ruling)
      }
    },
  }
}

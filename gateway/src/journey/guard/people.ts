import { Problem, ownerPrincipal, type AccountId, type ChannelId, type Clock, type Principal, type PrincipalId, type Role, type Row, type SenderId, type Store, type Tx } from '@moltbot/contract'
import type { Audit } from '../../foundation/audit/types.ts'
import type { Approver, PeopleDoor, Person } from './types.ts'

/** A named set of limits from `people.profiles`. */
export interface Profile { role: 'member' | 'guest'; tools: { allow?: readonly string[]; deny?: readonly string[] } }

const ranks: Record<Role, number> = { owner: 3, admin: 2, member: 1, guest: 0 }

/** The role that may less. */
export function lesserRole(a: Role, b: Role): Role {
  return ranks[a] < ranks[b] ? a : b
}

/** Whether a list of tools means this one. */
export type NamesTool = (list: readonly string[], tool: string) => boolean

/** Whether a profile leaves a tool to who has it; `deny` is stronger. */
function hasTool({ tools: { allow, deny = [] } }: Profile, tool: string, names: NamesTool): boolean {
  const named = (list: readonly string[]): boolean => names(list, tool)
  return !named(deny) && (allow === undefined || named(allow))
}

export interface People extends PeopleDoor {
  /** Who somebody is now. A profile that the configuration no longer names leaves a guest. Undefined: nobody of that id. */
  principalIn(on: { get: Tx['get'] }, id: PrincipalId): Promise<Principal | undefined>
  /** Why the person's profile keeps this tool from them; undefined: it does not. */
  toolRefused(on: { get: Tx['get'] }, id: PrincipalId, tool: string): Promise<string | undefined>
  /** Of these tools, those the person's profile does not keep from them; what the model is offered. */
  toolsLeft(id: PrincipalId, tools: readonly string[]): Promise<string[]>
}

/** Gives people roles and profiles. They are kept by principal, so a person is told apart by nothing but the network's stable id. */
export function createPeople(options: {
  store: Store; clock: Clock; audit: Audit
  profiles(): Readonly<Record<string, Profile>>
  /** Absent: a tool's own name, or `*`. */
  namesTool?: NamesTool
  /** Somebody may less from now on, or nothing: what they have running must end. */
  shutOut(tx: Tx, who: { channel: ChannelId; account: AccountId; sender: SenderId }): void
}): People {
  const { store, clock, audit } = options
  const names: NamesTool = options.namesTool ?? ((list, tool) => list.includes(tool) || list.includes('*'))
  const profileOf = (name: string): Profile | undefined => (Object.hasOwn(options.profiles(), name) ? options.profiles()[name] : undefined)
  const roleOf = (row: Row): Role => (row['profile'] === null ? (row['role'] as Role) : (profileOf(String(row['profile']))?.role ?? 'guest'))

  /** Every sender that is this person: those who paired, or the one that a list admits. */
  async function sendersOf(on: { all: Tx['all'] }, id: PrincipalId): Promise<Person['senders']> {
    const paired = await on.all('SELECT channel, account, sender, since FROM identities WHERE principal = ? ORDER BY since', id)
    return paired.map((row) => ({ channel: row['channel'] as ChannelId, account: row['account'] as AccountId, sender: row['sender'] as SenderId, since: Number(row['since']) }))
  }
  /** The sender inside the id of somebody who is only on a list. */
  function listedSender(id: PrincipalId): { channel: ChannelId; account: AccountId; sender: SenderId } | undefined {
    const [, channel, account, sender] = /^([^:]+):([^:]+):(.+)$/s.exec(id) ?? []
    if (channel === undefined || account === undefined || sender === undefined) return undefined
    return { channel: channel as ChannelId, account: account.replaceAll('=3a=', ':') as AccountId, sender: sender as SenderId }
  }
  async function endWhatRuns(tx: Tx, id: PrincipalId): Promise<void> {
    const listed = listedSender(id)
    for (const { channel, account, sender } of [...(await sendersOf(tx, id)), ...(listed === undefined ? [] : [listed])]) options.shutOut(tx, { channel, account, sender })
  }

  async function change(id: PrincipalId, by: Approver, act: `person.${string}`, detail: string, write: (tx: Tx, before: Role) => Promise<void>): Promise<Person> {
    if (id === ownerPrincipal) {
      throw new Problem('person-owner', 'The owner stays the owner.', { next: 'To take a sender away from the owner: moltbot people remove <channel>:<id>, or moltbot pairing list --all to see who is let in.' })
    }
    return store.transaction(async (tx) => {
      const row = await tx.get('SELECT * FROM principals WHERE id = ?', id)
      if (row === undefined) throw unknownPerson(id)
      const before = roleOf(row)
      await write(tx, before)
      await audit.append(tx, { act, principal: by.principal, subject: id, outcome: 'done', reason: `${detail}, by ${by.via}`, facts: { before } })
      const now = await tx.get('SELECT * FROM principals WHERE id = ?', id)
      if (now !== undefined && ranks[roleOf(now)] < ranks[before]) await endWhatRuns(tx, id)
      return toPerson(now ?? row, await sendersOf(tx, id))
    })
  }

  function toPerson(row: Row, senders: Person['senders']): Person {
    const id = String(row['id']) as PrincipalId
    const listed = senders.length === 0 ? listedSender(id) : undefined
    return {
      id, name: row['name'] as string | null, role: roleOf(row), profile: row['profile'] as string | null,
      senders: listed === undefined ? senders : [{ ...listed, since: Number(row['created_at']) }], via: id === ownerPrincipal ? 'owner' : senders.length > 0 ? 'pairing' : 'list',
      ...(row['profile'] !== null && profileOf(String(row['profile'])) === undefined ? { profileMissing: true } : {}),
    }
  }

  return {
    async principalIn(on, id) {
      const row = await on.get('SELECT * FROM principals WHERE id = ?', id)
      if (row === undefined) return undefined
      return { id, role: roleOf(row), ...(row['name'] === null ? {} : { name: String(row['name']) }) }
    },
    async toolRefused(on, id, tool) {
      const name = (await on.get('SELECT profile FROM principals WHERE id = ?', id))?.['profile']
      if (name === undefined || name === null) return undefined
      const profile = profileOf(String(name))
      if (profile === undefined) return `the profile "${String(name)}" is gone from the configuration`
      return hasTool(profile, tool, names) ? undefined : `the profile "${String(name)}" does not have ${tool}`
    },
    async toolsLeft(id, tools) {
      const name = (await store.read.get('SELECT profile FROM principals WHERE id = ?', id))?.['profile']
      if (name === undefined || name === null) return [...tools]
      const profile = profileOf(String(name))
      return profile === undefined ? [] : tools.filter((tool) => hasTool(profile, tool, names))
    },
    async people() {
      const rows = await store.read.all('SELECT * FROM principals ORDER BY created_at, id')
      return Promise.all(rows.map(async (row) => toPerson(row, await sendersOf(store.read, String(row['id']) as PrincipalId))))
    },
    profileNames: () => Object.keys(options.profiles()).sort(),
    setRole: (id, role, by) => change(id, by, 'person.role', role, async (tx) => void (await tx.run('UPDATE principals SET role = ?, profile = NULL, chosen = 1 WHERE id = ?', role, id))),
    async setProfile(id, profile, by) {
      if (profile !== null && profileOf(profile) === undefined) {
        const names = Object.keys(options.profiles())
        throw new Problem('person-profile-unknown', `There is no profile "${profile}".`, { next: names.length === 0 ? 'Write one under people.profiles in the configuration first.' : `There are: ${names.join(', ')}. More go under people.profiles in the configuration.` })
      }
      return change(id, by, 'person.profile', profile ?? 'none', async (tx) => void (await tx.run('UPDATE principals SET profile = ?, chosen = 1 WHERE id = ?', profile, id)))
    },
    removePerson: async (id, by) => {
      await change(id, by, 'person.removed', 'removed', async (tx) => {
        // While the senders can still be named: afterwards nobody knows whose work must end.
        await endWhatRuns(tx, id)
        await tx.run('DELETE FROM identities WHERE principal = ?', id)
        await tx.run('DELETE FROM principals WHERE id = ?', id)
        await tx.run('INSERT INTO principals_removed (id, at) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at', id, clock.now())
      })
    },
  }
}

function unknownPerson(id: string): Problem {
  return new Problem('person-unknown', `Nobody here is "${id.slice(0, 100)}".`, { next: 'See who is known: moltbot people list' })
}

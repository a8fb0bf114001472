import { ownerPrincipal, type AccountId, type ChannelId, type Principal, type PrincipalId, type Role, type Row, type SenderId, type Sql } from '@moltbot/contract'
import type { Person } from './types.ts'

/** A named set of limits from `people.profiles`. */
export interface Profile { role: 'member' | 'guest'; tools: { allow?: readonly string[]; deny?: readonly string[] } }

/** Whether a list of tools means this one. */
export type NamesTool = (list: readonly string[], tool: string) => boolean

/** Whether a profile leaves a tool to who has it; `deny` is stronger. */
function hasTool({ tools: { allow, deny = [] } }: Profile, tool: string, names: NamesTool): boolean {
  const named = (list: readonly string[]): boolean => names(list, tool)
  return !named(deny) && (allow === undefined || named(allow))
}

/** Who is known and what their profiles leave them, as it is written down. It only reads. */
export interface Roster {
  profileOf(name: string): Profile | undefined
  /** What they may now; with a profile, the profile's. */
  roleOf(row: Row): Role
  sendersOf(on: Pick<Sql, 'all'>, id: PrincipalId): Promise<Person['senders']>
  toPerson(row: Row, senders: Person['senders']): Person
  /** Everybody, the longest known first. */
  peopleIn(on: Pick<Sql, 'all'>): Promise<Person[]>
  /** Who somebody is now. A profile that the configuration no longer names leaves a guest. Undefined: nobody of that id. */
  principalIn(on: Pick<Sql, 'get'>, id: PrincipalId): Promise<Principal | undefined>
  /** Why the person's profile keeps this tool from them; undefined: it does not. */
  toolRefused(on: Pick<Sql, 'get'>, id: PrincipalId, tool: string): Promise<string | undefined>
  /** Of these tools, those the person's profile does not keep from them; what the model is offered. */
  toolsLeftIn(on: Pick<Sql, 'get'>, id: PrincipalId, tools: readonly string[]): Promise<string[]>
}

/** `namesTool` absent: a tool's own name, or `*`. */
export function createRoster({ profiles, namesTool: names = (list, tool) => list.includes(tool) || list.includes('*') }: { profiles(): Readonly<Record<string, Profile>>; namesTool?: NamesTool | undefined }): Roster {
  const profileOf = (name: string): Profile | undefined => (Object.hasOwn(profiles(), name) ? profiles()[name] : undefined)
  const roleOf = (row: Row): Role => (row['profile'] === null ? (row['role'] as Role) : (profileOf(String(row['profile']))?.role ?? 'guest'))
  const profileNameOf = async (on: Pick<Sql, 'get'>, id: PrincipalId): Promise<string | undefined> => {
    const name = (await on.get('SELECT profile FROM principals WHERE id = ?', id))?.['profile']
    return name === undefined || name === null ? undefined : String(name)
  }

  /** Every sender that is this person: those who paired, or the one that a list admits. */
  async function sendersOf(on: Pick<Sql, 'all'>, id: PrincipalId): Promise<Person['senders']> {
    const paired = await on.all('SELECT channel, account, sender, since FROM identities WHERE principal = ? ORDER BY since', id)
    return paired.map((row) => ({ channel: row['channel'] as ChannelId, account: row['account'] as AccountId, sender: row['sender'] as SenderId, since: Number(row['since']) }))
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
    profileOf, roleOf, sendersOf, toPerson,
    async peopleIn(on) {
      const rows = await on.all('SELECT * FROM principals ORDER BY created_at, id')
      return Promise.all(rows.map(async (row) => toPerson(row, await sendersOf(on, String(row['id']) as PrincipalId))))
    },
    async principalIn(on, id) {
      const row = await on.get('SELECT * FROM principals WHERE id = ?', id)
      if (row === undefined) return undefined
      return { id, role: roleOf(row), ...(row['name'] === null ? {} : { name: String(row['name']) }) }
    },
    async toolRefused(on, id, tool) {
      const name = await profileNameOf(on, id)
      if (name === undefined) return undefined
      const profile = profileOf(name)
      if (profile === undefined) return `the profile "${name}" is gone from the configuration`
      return hasTool(profile, tool, names) ? undefined : `the profile "${name}" does not have ${tool}`
    },
    async toolsLeftIn(on, id, tools) {
      const name = await profileNameOf(on, id)
      if (name === undefined) return [...tools]
      const profile = profileOf(name)
      return profile === undefined ? [] : tools.filter((tool) => hasTool(profile, tool, names))
    },
  }
}

/** The sender inside the id of somebody who is only on a list. */
export function listedSender(id: PrincipalId): { channel: ChannelId; account: AccountId; sender: SenderId } | undefined {
  const [, channel, account, sender] = /^([^:]+):([^:]+):(.+)$/s.exec(id) ?? []
  if (channel === undefined || account === undefined || sender === undefined) return undefined
  return { channel: channel as ChannelId, account: account.replaceAll('=3a=', ':') as AccountId, sender: sender as SenderId }
}

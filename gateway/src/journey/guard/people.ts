import { Problem, ownerPrincipal, type AccountId, type ChannelId, type Clock, type PrincipalId, type Role, type SenderId, type Store, type Tx } from '@moltbot/contract'
import type { Audit } from '../../foundation/audit/types.ts'
import { lesserRole } from './lesser-role.ts'
import { listedSender, type Profile, type Roster } from './roster.ts'
import type { Approver, PeopleDoor, Person } from './types.ts'

export interface People extends PeopleDoor {
  /** Of these tools, those the person's profile does not keep from them; what the model is offered. */
  toolsLeft(id: PrincipalId, tools: readonly string[]): Promise<string[]>
}

/** Gives people roles and profiles. They are kept by principal, so a person is told apart by nothing but the network's stable id. */
export function createPeople(options: {
  store: Store; clock: Clock; audit: Audit
  roster: Roster
  profiles(): Readonly<Record<string, Profile>>
  /** Somebody may less from now on, or nothing: what they have running must end. */
  shutOut(tx: Tx, who: { channel: ChannelId; account: AccountId; sender: SenderId }): void
}): People {
  const { store, clock, audit, roster } = options
  const { profileOf, roleOf, sendersOf, toPerson } = roster

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
      if (now !== undefined && roleOf(now) !== before && lesserRole(roleOf(now), before) === roleOf(now)) await endWhatRuns(tx, id)
      return toPerson(now ?? row, await sendersOf(tx, id))
    })
  }

  return {
    toolsLeft: (id, tools) => roster.toolsLeftIn(store.read, id, tools),
    people: () => roster.peopleIn(store.read),
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

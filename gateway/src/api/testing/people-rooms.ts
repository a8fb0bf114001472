import type { Person } from '../../journey/guard/types.ts'
import { fakeRooms, type FakeRooms } from './fake-rooms.ts'

/** Rooms that know the owner and Ann, a member. */
export async function peopleRooms(): Promise<FakeRooms> {
  const rooms = await fakeRooms()
  rooms.state.people = [
    { id: 'owner', name: null, role: 'owner', profile: null, via: 'owner', senders: [] },
    { id: 'pr_2', name: 'Ann', role: 'member', profile: null, via: 'pairing', senders: [{ channel: 'telegram', account: 'default', sender: '7', since: 1.5 }] },
  ] as unknown as Person[]
  return rooms
}

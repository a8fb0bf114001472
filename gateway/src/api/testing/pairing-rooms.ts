import type { Channel } from '@moltbot/contract'
import { fakeRooms } from './fake-rooms.ts'
import type { FakeRooms } from './fake-rooms.ts'

/** Rooms with one network, where Ann waits with the code ABCD2345. */
export async function pairingRooms(): Promise<FakeRooms> {
  const rooms = await fakeRooms()
  rooms.channels = [{ id: 'telegram', senders: 'platform' } as unknown as Channel]
  rooms.state.pairing = [{ channel: 'telegram' as never, account: 'default' as never, sender: '7' as never, senderName: 'Ann', code: 'ABCD2345', createdAt: 1, lastSeenAt: 2, expiresAt: 3 }]
  return rooms
}

import { memoryLogger, realClock } from '@moltbot/contract/testing'
import { Secret } from '@moltbot/contract'
import { createPush, pushMigration } from '../../foundation/push/index.ts'
import { openStore } from '../../foundation/storage/index.ts'
import { fakeRooms, type FakeRooms } from './fake-rooms.ts'

/** Keys of the right shape and nothing behind them. */
export const someBrowser = { endpoint: 'https://push.example/1', keys: { p256dh: Buffer.alloc(65, 4).toString('base64url'), auth: Buffer.alloc(16).toString('base64url') } }

/** Rooms with the real notifications; what would be posted goes nowhere. */
export async function pushRooms(): Promise<FakeRooms> {
  const rooms = await fakeRooms()
  const sealed = new Map<string, Secret>()
  rooms.push = createPush({
    store: await openStore({ file: ':memory:', migrations: [pushMigration] }), clock: realClock, log: memoryLogger(),
    keys: { get: (name) => sealed.get(name), set: async (name, value) => void sealed.set(name, new Secret(name, value)) }, post: async () => ({ status: 201 }),
  })
  return rooms
}

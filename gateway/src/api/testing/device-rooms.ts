import { fakeRooms } from './fake-rooms.ts'
import type { FakeRooms } from './fake-rooms.ts'

/** Rooms where the device `d1` (Ann's phone) waits to be let in with read and write. */
export async function deviceRooms(): Promise<{ rooms: FakeRooms; requestId: string }> {
  const rooms = await fakeRooms()
  const facts = { deviceId: 'd1', publicKey: 'PUB', displayName: 'Ann’s phone', platform: 'ios', clientId: 'moltbot-ios', clientMode: 'ui', remoteIp: '10.0.0.9' }
  const { requestId } = await rooms.devices.ask(facts, 'operator', ['operator.read', 'operator.write'])
  return { rooms, requestId }
}

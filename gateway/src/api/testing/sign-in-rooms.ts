import { randomBytes } from 'node:crypto'
import { Secret } from '@moltbot/contract'
import type { BrowserSession } from '../browser-sessions.ts'
import { createCredentialSource } from '../credentials.ts'
import { createPasswords } from '../password.ts'
import { fakeRooms, type FakeRooms } from './fake-rooms.ts'

/** Rooms in which two browsers are signed in: Firefox first, then Chrome. */
export async function signInRooms(): Promise<{ rooms: FakeRooms; firefox: BrowserSession; chrome: BrowserSession }> {
  const rooms = await fakeRooms()
  const credentials = await createCredentialSource({
    token: async () => new Secret('token', 'a-token-of-the-test-0123456789'), password: async () => undefined, passwordHash: async () => undefined, passwords: createPasswords(), mode: () => 'token', random: randomBytes,
  }).current()
  const signIn = async (userAgent: string, address: string | null): Promise<BrowserSession> => (await rooms.signIns.create(credentials, 3_600_000, { userAgent, address, via: 'secret' })).session
  return { rooms, firefox: await signIn('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', null), chrome: await signIn('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/141.0.0.0 Safari/537.36', '10.0.0.7') }
}

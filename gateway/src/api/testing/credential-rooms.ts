import { Problem } from '@moltbot/contract'
import type { Credential, CredentialsDoor, SignInAttempt, SignInState } from '../../foundation/models/types.ts'
import { fakeRooms, type FakeRooms } from './fake-rooms.ts'

const aCredential: Credential = {
  profile: 'mine:work', provider: 'mine', kind: 'oauth', from: 'vault', account: 'olga@example.org', expiresAt: 1_000, renews: true, lastUsedAt: null, sinceAt: 500, state: 'needs-you', reason: 'It is over.', next: 'Sign in again.',
}

export interface CredentialRooms { rooms: FakeRooms; asked: { what: string; given: unknown }[]; tell(state: SignInState): void }

/** Rooms of a gateway that keeps one credential and takes one sign-in, which stands as the test says. */
export async function credentialRooms(): Promise<CredentialRooms> {
  const rooms = await fakeRooms()
  const asked: CredentialRooms['asked'] = []
  let state: SignInState = { kind: 'going', step: { kind: 'device', url: 'https://login.example/type', whole: 'https://login.example/type?code=AB', code: 'AB', until: 5_000 } }
  let changes = 1
  let begun = false
  const attempt: SignInAttempt = {
    state: () => state, changes: () => changes, changed: async (waitMs, seen) => void asked.push({ what: 'changed', given: { waitMs, seen } }),
    handIn(address) {
      if (!address.startsWith('http://127.0.0.1')) throw new Problem('models-sign-in-state', 'This is not the address the browser ended at.')
      state = { kind: 'done', profile: 'mine:default', account: null }
    },
    async stop() {
      if (state.kind === 'going') state = { kind: 'failed', reason: 'The sign-in was called off.' }
    },
  }
  const note = <T>(what: string, given: unknown, answer: T): Promise<T> => {
    asked.push({ what, given })
    return Promise.resolve(answer)
  }
  const credentials: CredentialsDoor = {
    list: async () => [aCredential], ways: () => ({ mine: ['device'], yours: ['browser'] }),
    signIn(wish) {
      begun = true
      return note('signIn', wish, attempt)
    },
    attemptOf: (provider) => (begun && provider === 'mine' ? attempt : undefined),
    add: (given) => note('add', given, { ...aCredential, profile: `${given.provider}:${given.name}` }), remove: (profile) => note('remove', profile, { revoked: true }),
  }
  rooms.models.credentials = credentials
  return {
    rooms, asked,
    tell(next) {
      state = next
      changes += 1
    },
  }
}

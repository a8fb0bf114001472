import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { credentialRooms } from '../testing/credential-rooms.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { modelsAuthStatus } from './models-auth-status.ts'

it('tells what there is by provider, also of those with which one could sign in, and nothing where nothing is kept', async () => {
  const { rooms } = await credentialRooms()
  expect((await callMethod(modelsAuthStatus, { refresh: true }, rooms)).providers).toEqual([
    { provider: 'mine', ways: ['device'], profiles: [{ profile: 'mine:work', provider: 'mine', kind: 'oauth', from: 'vault', account: 'olga@example.org', expiresAtMs: 1_000, renews: true, lastUsedAtMs: null, sinceMs: 500, state: 'needs-you', reason: 'It is over.', next: 'Sign in again.' }] },
    { provider: 'yours', ways: ['browser'], profiles: [] },
  ])
  expect((await callMethod(modelsAuthStatus, {}, await fakeRooms())).providers).toEqual([])
})

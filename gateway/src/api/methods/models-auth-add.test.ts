import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { credentialRooms } from '../testing/credential-rooms.ts'
import { modelsAuthAdd } from './models-auth-add.ts'

it('seals what was given, under its own name or the ordinary one, and answers without the value', async () => {
  const { rooms, asked } = await credentialRooms()
  const now = rooms.clock.now()
  rooms.clock = { ...rooms.clock, now: () => now }
  const answer = await callMethod(modelsAuthAdd, { provider: 'mine', profile: 'work', kind: 'token', value: 'a-token-of-mine', expiresInDays: 2 }, rooms)
  expect(answer).toMatchObject({ profile: 'mine:work' })
  expect(JSON.stringify(answer)).not.toContain('a-token-of-mine')
  await callMethod(modelsAuthAdd, { provider: 'mine', kind: 'api-key', value: 'a-key-of-mine' }, rooms)
  expect(asked).toEqual([
    { what: 'add', given: { provider: 'mine', name: 'work', kind: 'token', value: 'a-token-of-mine', by: 'owner', expiresAt: now + 172_800_000 } },
    { what: 'add', given: { provider: 'mine', name: 'default', kind: 'api-key', value: 'a-key-of-mine', by: 'owner' } },
  ])
})

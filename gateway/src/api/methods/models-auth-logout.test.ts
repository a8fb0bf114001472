import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { credentialRooms } from '../testing/credential-rooms.ts'
import { modelsAuthLogout } from './models-auth-logout.ts'

it('forgets the one that is meant, and says whether the provider took it back', async () => {
  const { rooms, asked } = await credentialRooms()
  expect(await callMethod(modelsAuthLogout, { provider: 'mine', profile: 'work' }, rooms)).toEqual({ profile: 'mine:work', revoked: true })
  expect(await callMethod(modelsAuthLogout, { provider: 'mine' }, rooms)).toEqual({ profile: 'mine:default', revoked: true })
  expect(asked.map(({ given }) => given)).toEqual(['mine:work', 'mine:default'])
})

import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { vaultRooms } from '../testing/vault-rooms.ts'
import { vaultLock } from './vault-lock.ts'

it('forgets the key', async () => {
  const rooms = await vaultRooms()
  await rooms.sealed.set('a', 'canary-value-1')
  expect(await callMethod(vaultLock, {}, rooms)).toMatchObject({ state: 'locked' })
  expect(() => rooms.sealed.get('a')).toThrow('locked')
  expect(rooms.acts).toMatchObject([{ act: 'vault.locked' }])
})

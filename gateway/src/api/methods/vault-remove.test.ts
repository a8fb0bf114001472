import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { vaultRooms } from '../testing/vault-rooms.ts'
import { vaultRemove } from './vault-remove.ts'

it('removes a secret once', async () => {
  const rooms = await vaultRooms()
  await rooms.sealed.set('a', 'canary-value-1')
  expect(await callMethod(vaultRemove, { name: 'a' }, rooms)).toEqual({ ok: true, removed: true })
  expect(await callMethod(vaultRemove, { name: 'a' }, rooms)).toEqual({ ok: true, removed: false })
  expect(rooms.sealed.get('a')).toBeUndefined()
  expect(rooms.acts[0]).toMatchObject({ act: 'vault.removed', subject: 'a' })
})

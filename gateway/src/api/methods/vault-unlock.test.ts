import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { vaultRooms } from '../testing/vault-rooms.ts'
import { vaultUnlock } from './vault-unlock.ts'

it('fetches the key again, or refuses a wrong passphrase', async () => {
  const rooms = await vaultRooms()
  await rooms.sealed.set('a', 'canary-value-1')
  rooms.sealed.lock()
  expect(await callMethod(vaultUnlock, {}, rooms)).toMatchObject({ state: 'open' })
  expect(rooms.sealed.get('a')?.open('test')).toBe('canary-value-1')
  await rooms.sealed.rotate({ kind: 'passphrase', passphrase: 'correct horse battery staple' })
  rooms.sealed.lock()
  await expect(callMethod(vaultUnlock, { passphrase: 'wrong' }, rooms)).rejects.toMatchObject({ code: 'vault-passphrase-wrong' })
  expect(await callMethod(vaultUnlock, { passphrase: 'correct horse battery staple' }, rooms)).toMatchObject({ state: 'open', kind: 'passphrase' })
  expect(JSON.stringify(rooms.acts)).not.toContain('horse')
})

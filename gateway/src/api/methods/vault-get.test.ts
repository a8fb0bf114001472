import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { vaultRooms } from '../testing/vault-rooms.ts'
import { vaultGet } from './vault-get.ts'

it('hands out one value, recorded first, and only when it is asked for in so many words', async () => {
  const rooms = await vaultRooms()
  await rooms.sealed.set('a', 'canary-value-1')
  expect(await callMethod(vaultGet, { name: 'a', reveal: true }, rooms)).toEqual({ name: 'a', value: 'canary-value-1' })
  expect(rooms.acts).toMatchObject([{ act: 'vault.revealed', subject: 'a', outcome: 'done', by: 'owner' }])
  await expect(callMethod(vaultGet, { name: 'a' }, rooms)).rejects.toThrow('reveal')
  await expect(callMethod(vaultGet, { name: 'b', reveal: true }, rooms)).rejects.toMatchObject({ code: 'vault-name-unknown' })
  const silent = { ...rooms, vault: () => ({ ...rooms.vault?.('owner' as never), reveal: () => Promise.reject(new Error('the record cannot be written')) }) as never }
  await expect(callMethod(vaultGet, { name: 'a', reveal: true }, silent)).rejects.toThrow('record')
})

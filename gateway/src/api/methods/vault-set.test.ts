import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { vaultRooms } from '../testing/vault-rooms.ts'
import { vaultSet } from './vault-set.ts'

it('seals a value and records the name alone', async () => {
  const rooms = await vaultRooms()
  expect(await callMethod(vaultSet, { name: 'a', value: 'canary-value-1' }, rooms)).toEqual({ ok: true, version: 1 })
  expect(rooms.sealed.get('a')?.open('test')).toBe('canary-value-1')
  await expect(callMethod(vaultSet, { name: '../x', value: 'canary-value-2' }, rooms)).rejects.toMatchObject({ code: 'vault-name-invalid' })
  expect(rooms.acts).toMatchObject([{ act: 'vault.set', subject: 'a', outcome: 'done', by: 'owner' }, { act: 'vault.set', outcome: 'failed' }])
  expect(JSON.stringify(rooms.acts)).not.toContain('canary')
})

import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { vaultRooms } from '../testing/vault-rooms.ts'
import { vaultRotate } from './vault-rotate.ts'

it('changes the key and keeps every value', async () => {
  const rooms = await vaultRooms()
  await rooms.sealed.set('a', 'canary-value-1')
  const before = rooms.sealed.status().keyId
  const answer = await callMethod(vaultRotate, {}, rooms)
  expect(answer).toMatchObject({ kind: 'file', state: 'open' })
  expect(answer.keyId).not.toBe(before)
  expect(rooms.sealed.get('a')?.open('test')).toBe('canary-value-1')
  await expect(callMethod(vaultRotate, { kind: 'passphrase', passphrase: 'short' }, rooms)).rejects.toMatchObject({ code: 'vault-passphrase-weak' })
  expect(rooms.acts.map(({ outcome }) => outcome)).toEqual(['done', 'failed'])
})

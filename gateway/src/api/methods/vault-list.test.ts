import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { vaultRooms } from '../testing/vault-rooms.ts'
import { vaultList } from './vault-list.ts'

it('lists names and ages, never values', async () => {
  const rooms = await vaultRooms()
  await rooms.sealed.set('a', 'canary-value-1')
  await rooms.sealed.set('a', 'canary-value-2')
  const answer = await callMethod(vaultList, {}, rooms)
  expect(answer.secrets).toMatchObject([{ name: 'a', version: 2 }])
  expect(JSON.stringify(answer)).not.toContain('canary')
})

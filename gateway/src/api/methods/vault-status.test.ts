import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { vaultRooms } from '../testing/vault-rooms.ts'
import { vaultStatus } from './vault-status.ts'

it('says how it stands and nothing that opens it', async () => {
  const rooms = await vaultRooms()
  await rooms.sealed.set('a', 'canary-value-1')
  const answer = await callMethod(vaultStatus, {}, rooms)
  expect(answer).toMatchObject({ state: 'open', kind: 'file', secrets: 1 })
  expect(JSON.stringify(answer)).not.toContain('canary')
  rooms.sealed.lock()
  expect(await callMethod(vaultStatus, {}, rooms)).toMatchObject({ state: 'locked', reason: expect.stringContaining('moltbot vault unlock') as string })
  await expect(callMethod(vaultStatus, {}, { ...rooms, vault: undefined } as never)).rejects.toMatchObject({ code: 'vault-unavailable' })
})

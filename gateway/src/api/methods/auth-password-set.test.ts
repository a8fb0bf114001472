import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { authPasswordSet } from './auth-password-set.ts'

it('keeps the hash alone, and takes no short or endless password', async () => {
  const rooms = await fakeRooms()
  expect(await callMethod(authPasswordSet, { password: 'correct horse battery' }, rooms)).toEqual({ ok: true })
  const auth = (rooms.state.config as { gateway: { auth: Record<string, unknown> } }).gateway.auth
  expect(auth).toMatchObject({ mode: 'password', passwordHash: expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/) })
  expect(JSON.stringify(rooms.state.config)).not.toContain('battery')
  await expect(callMethod(authPasswordSet, { password: 'short' }, rooms)).rejects.toMatchObject({ code: 'password-short' })
  await expect(callMethod(authPasswordSet, { password: 'x'.repeat(1_025) }, rooms)).rejects.toMatchObject({ code: 'password-long' })
})

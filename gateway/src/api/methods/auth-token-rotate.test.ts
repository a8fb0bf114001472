import { expect, it } from 'vitest'
import { Secret } from '@moltbot/contract'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { authTokenRotate } from './auth-token-rotate.ts'

it('writes the new token, and the old one only for an overlap', async () => {
  const rooms = await fakeRooms()
  rooms.state.secrets.set('gateway.auth.token', new Secret('token', 'the-old-one'))
  const auth = (): Record<string, unknown> => (rooms.state.config as { gateway: { auth: Record<string, unknown> } }).gateway.auth
  const first = await callMethod(authTokenRotate, {}, rooms)
  expect(first).toMatchObject({ token: expect.stringMatching(/^[0-9a-f]{64}$/), overlapUntilMs: null })
  expect([auth()['token'], auth()['previousToken'] ?? null]).toEqual([first.token, null])
  const second = await callMethod(authTokenRotate, { overlapHours: 24 }, rooms)
  expect(auth()).toMatchObject({ token: second.token, previousToken: 'the-old-one', previousTokenUntil: second.overlapUntilMs })
})

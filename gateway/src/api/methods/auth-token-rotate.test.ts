import { expect, it } from 'vitest'
import { Secret } from '@moltbot/contract'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { vaultRooms } from '../testing/vault-rooms.ts'
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

it('leaves a token in the vault that its owner put there', async () => {
  const rooms = await vaultRooms()
  await rooms.sealed.set('door', 'the-old-one')
  rooms.state.secrets.set('gateway.auth.token', new Secret('token', 'the-old-one'))
  rooms.state.config = { gateway: { auth: { token: '${secret:door}' } } }
  const auth = (): Record<string, unknown> => (rooms.state.config as { gateway: { auth: Record<string, unknown> } }).gateway.auth
  const { token, overlapUntilMs } = await callMethod(authTokenRotate, { overlapHours: 24 }, rooms)
  expect(auth()).toMatchObject({ token: '${secret:door}', previousToken: '${secret:door-before}', previousTokenUntil: overlapUntilMs })
  const kept = (name: string): string | undefined => rooms.sealed.get(name)?.open('test')
  expect([kept('door'), kept('door-before')]).toEqual([token, 'the-old-one'])
  const next = await callMethod(authTokenRotate, {}, rooms)
  expect([auth()['token'], auth()['previousToken'] ?? null, kept('door')]).toEqual(['${secret:door}', null, next.token])
  expect(JSON.stringify(rooms.state.config)).not.toMatch(/[0-9a-f]{64}/)
})

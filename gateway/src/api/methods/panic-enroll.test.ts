import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { haltRooms } from '../testing/halt-rooms.ts'
import { panicEnroll } from './panic-enroll.ts'

it('shows a new authenticator to whoever has the factor of the moment', async () => {
  const rooms = await haltRooms()
  await expect(callMethod(panicEnroll, {}, rooms)).rejects.toMatchObject({ code: 'halt-code-wrong' })
  expect(await callMethod(panicEnroll, { code: 'right' }, rooms)).toEqual({ uri: 'otpauth://totp/x', secret: 'S', recovery: 'R' })
})

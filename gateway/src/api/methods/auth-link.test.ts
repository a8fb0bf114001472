import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { authLink } from './auth-link.ts'

it('makes a link that opens once', async () => {
  const rooms = await fakeRooms()
  const { token } = await callMethod(authLink, {}, rooms)
  expect([await rooms.signIns.useLink(`${token}x`), await rooms.signIns.useLink(token), await rooms.signIns.useLink(token)]).toEqual([false, true, false])
})

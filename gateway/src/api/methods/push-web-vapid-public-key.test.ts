import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { pushRooms } from '../testing/push-rooms.ts'
import { pushWebVapidPublicKey } from './push-web-vapid-public-key.ts'

it('is the same at every call, and no private one', async () => {
  const rooms = await pushRooms()
  const first = await callMethod(pushWebVapidPublicKey, {}, rooms)
  expect(Buffer.from(first.publicKey, 'base64url').length).toBe(65)
  expect(await callMethod(pushWebVapidPublicKey, {}, rooms)).toEqual(first)
})

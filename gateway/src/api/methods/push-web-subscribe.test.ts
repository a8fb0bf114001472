import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { pushRooms, someBrowser } from '../testing/push-rooms.ts'
import { pushWebSubscribe } from './push-web-subscribe.ts'

it('keeps a browser once, and none that could not be told', async () => {
  const rooms = await pushRooms()
  await callMethod(pushWebSubscribe, someBrowser, rooms)
  expect(await callMethod(pushWebSubscribe, someBrowser, rooms)).toEqual({ ok: true, browsers: 1 })
  await expect(callMethod(pushWebSubscribe, { ...someBrowser, keys: { p256dh: 'x', auth: 'y' } }, rooms)).rejects.toMatchObject({ code: 'push-endpoint' })
})

import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { pushRooms, someBrowser } from '../testing/push-rooms.ts'
import { pushWebSubscribe } from './push-web-subscribe.ts'
import { pushWebTest } from './push-web-test.ts'

it('tells how many browsers took it; a browser with a broken key took none', async () => {
  const rooms = await pushRooms()
  expect(await callMethod(pushWebTest, {}, rooms)).toEqual({ sent: 0, failed: 0, later: 0 })
  await callMethod(pushWebSubscribe, someBrowser, rooms)
  expect(await callMethod(pushWebTest, {}, rooms)).toEqual({ sent: 0, failed: 1, later: 0 })
})

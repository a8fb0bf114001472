import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { pushRooms, someBrowser } from '../testing/push-rooms.ts'
import { pushWebSubscribe } from './push-web-subscribe.ts'
import { pushWebUnsubscribe } from './push-web-unsubscribe.ts'

it('forgets the one that is named, or all', async () => {
  const rooms = await pushRooms()
  await callMethod(pushWebSubscribe, someBrowser, rooms)
  await callMethod(pushWebSubscribe, { ...someBrowser, endpoint: 'https://push.example/2' }, rooms)
  expect(await callMethod(pushWebUnsubscribe, {}, rooms)).toEqual({ ok: true, removed: 0 })
  expect(await callMethod(pushWebUnsubscribe, { endpoint: someBrowser.endpoint }, rooms)).toEqual({ ok: true, removed: 1 })
  expect(await callMethod(pushWebUnsubscribe, { all: true }, rooms)).toEqual({ ok: true, removed: 1 })
})

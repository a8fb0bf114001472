import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { pushRooms } from '../testing/push-rooms.ts'
import { pushWebPreferencesGet } from './push-web-preferences-get.ts'

it('is everything, without words, until a person says otherwise', async () => {
  expect(await callMethod(pushWebPreferencesGet, {}, await pushRooms())).toEqual({ preferences: { approvals: true, replies: true, alerts: true, showText: false }, browsers: 0 })
})

it('says so where this gateway sends none', async () => {
  await expect(callMethod(pushWebPreferencesGet, {}, await fakeRooms())).rejects.toMatchObject({ code: 'push-unavailable' })
})

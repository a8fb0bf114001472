import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { pushRooms } from '../testing/push-rooms.ts'
import { pushWebPreferencesSet } from './push-web-preferences-set.ts'

it('changes what is named and nothing else', async () => {
  const rooms = await pushRooms()
  await callMethod(pushWebPreferencesSet, { showText: true }, rooms)
  expect(await callMethod(pushWebPreferencesSet, { alerts: false }, rooms)).toEqual({ preferences: { approvals: true, replies: true, alerts: false, showText: true } })
})

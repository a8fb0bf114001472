import { expect, it } from 'vitest'
import { callMethod, settled } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { gatewayStop } from './gateway-stop.ts'

it('answers first, then asks the process', async () => {
  const rooms = await fakeRooms()
  const answer = gatewayStop.handle({ reason: 'enough for today' }, rooms, undefined as never)
  expect(await answer).toEqual({ ok: true, restart: false })
  expect(rooms.state.shutdowns).toEqual([])
  await settled()
  expect(rooms.state.shutdowns).toEqual([{ reason: 'enough for today', restart: false }])
  await callMethod(gatewayStop, {}, rooms)
  await settled()
  expect(rooms.state.shutdowns[1]).toEqual({ reason: 'asked to stop', restart: false })
})

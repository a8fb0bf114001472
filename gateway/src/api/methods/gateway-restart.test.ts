import { expect, it } from 'vitest'
import { callMethod, settled } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { gatewayRestart } from './gateway-restart.ts'

it('answers first, then asks the process', async () => {
  const rooms = await fakeRooms()
  const answer = gatewayRestart.handle({ reason: 'enough for today' }, rooms, undefined as never)
  expect(await answer).toEqual({ ok: true, restart: true })
  expect(rooms.state.shutdowns).toEqual([])
  await settled()
  expect(rooms.state.shutdowns).toEqual([{ reason: 'enough for today', restart: true }])
  await callMethod(gatewayRestart, {}, rooms)
  await settled()
  expect(rooms.state.shutdowns[1]).toEqual({ reason: 'asked to restart', restart: true })
})

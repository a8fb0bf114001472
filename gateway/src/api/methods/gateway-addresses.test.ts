import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { gatewayAddresses } from './gateway-addresses.ts'

it('says that nothing leads from elsewhere to a gateway that listens on its own machine alone', async () => {
  const rooms = await fakeRooms({ config: { gateway: { bind: 'loopback' } } })
  expect(await callMethod(gatewayAddresses, {}, rooms)).toEqual({ addresses: [], silent: [], onlyHere: true })
})

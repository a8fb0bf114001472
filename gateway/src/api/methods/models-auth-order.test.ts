import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { credentialRooms } from '../testing/credential-rooms.ts'
import { modelsAuthOrder } from './models-auth-order.ts'

it('writes an order of what there is, by short or whole names, and takes it back', async () => {
  const { rooms } = await credentialRooms()
  const written: unknown[] = []
  rooms.config.patch = async (changes) => {
    written.push(changes)
    return rooms.config.snapshot()
  }
  await expect(callMethod(modelsAuthOrder, { provider: 'mine', order: ['home'] }, rooms)).rejects.toMatchObject({ code: 'models-credential-unknown', next: 'There are: mine:work.' })
  expect(await callMethod(modelsAuthOrder, { provider: 'mine', order: ['work'] }, rooms)).toEqual({ provider: 'mine', order: ['mine:work'] })
  await callMethod(modelsAuthOrder, { provider: 'mine', order: null }, rooms)
  expect(written).toEqual([{ auth: { order: { mine: ['mine:work'] } } }, { auth: { order: { mine: null } } }])
})

import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { credentialRooms } from '../testing/credential-rooms.ts'
import { modelsAuthStart } from './models-auth-start.ts'
import { modelsAuthStop } from './models-auth-stop.ts'

it('calls off what is under way, and leaves alone what is over', async () => {
  const { rooms, tell } = await credentialRooms()
  await expect(callMethod(modelsAuthStop, { provider: 'mine' }, rooms)).rejects.toMatchObject({ code: 'models-sign-in-none' })
  await callMethod(modelsAuthStart, { provider: 'mine' }, rooms)
  expect(await callMethod(modelsAuthStop, { provider: 'mine' }, rooms)).toMatchObject({ state: 'failed', message: 'The sign-in was called off.' })
  tell({ kind: 'done', profile: 'mine:olga', account: null })
  expect(await callMethod(modelsAuthStop, { provider: 'mine' }, rooms)).toMatchObject({ state: 'done', profile: 'mine:olga' })
})

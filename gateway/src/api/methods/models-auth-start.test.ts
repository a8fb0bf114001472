import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { credentialRooms } from '../testing/credential-rooms.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { modelsAuthStart } from './models-auth-start.ts'

it('answers with what a person does next', async () => {
  const { rooms, asked, tell } = await credentialRooms()
  expect(await callMethod(modelsAuthStart, { provider: 'mine', profile: 'work', way: 'device' }, rooms)).toEqual({
    provider: 'mine', state: 'code', changes: 1, message: 'Open https://login.example/type on any device and type AB.', url: 'https://login.example/type', urlWithCode: 'https://login.example/type?code=AB', code: 'AB', untilMs: 5_000,
  })
  expect(asked[0]).toEqual({ what: 'signIn', given: { provider: 'mine', name: 'work', way: 'device', by: 'owner' } })
  tell({ kind: 'going', step: { kind: 'browser', url: 'https://login.example/authorize', until: 6_000 } })
  expect(await callMethod(modelsAuthStart, { provider: 'mine' }, rooms)).toMatchObject({ state: 'browser', url: 'https://login.example/authorize' })
  tell({ kind: 'going', step: undefined })
  expect(await callMethod(modelsAuthStart, { provider: 'mine' }, rooms)).toMatchObject({ state: 'working' })
  await expect(callMethod(modelsAuthStart, { provider: 'mine' }, await fakeRooms())).rejects.toMatchObject({ code: 'models-credentials-unkept' })
})

import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { credentialRooms } from '../testing/credential-rooms.ts'
import { modelsAuthPaste } from './models-auth-paste.ts'
import { modelsAuthStart } from './models-auth-start.ts'

it('hands in the address of a sign-in that is under way, and of no other', async () => {
  const { rooms } = await credentialRooms()
  await expect(callMethod(modelsAuthPaste, { provider: 'mine', address: 'http://127.0.0.1/callback' }, rooms)).rejects.toMatchObject({ code: 'models-sign-in-none' })
  await callMethod(modelsAuthStart, { provider: 'mine' }, rooms)
  await expect(callMethod(modelsAuthPaste, { provider: 'mine', address: 'https://evil.example' }, rooms)).rejects.toMatchObject({ code: 'models-sign-in-state' })
  expect(await callMethod(modelsAuthPaste, { provider: 'mine', address: 'http://127.0.0.1/callback?code=c' }, rooms)).toMatchObject({ state: 'done', account: null })
})

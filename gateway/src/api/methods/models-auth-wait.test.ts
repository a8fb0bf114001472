import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { credentialRooms } from '../testing/credential-rooms.ts'
import { modelsAuthStart } from './models-auth-start.ts'
import { modelsAuthWait } from './models-auth-wait.ts'

it('waits from what its caller saw, at most two minutes, and tells the end', async () => {
  const { rooms, asked, tell } = await credentialRooms()
  await expect(callMethod(modelsAuthWait, { provider: 'mine' }, rooms)).rejects.toMatchObject({ code: 'models-sign-in-none' })
  await callMethod(modelsAuthStart, { provider: 'mine' }, rooms)
  tell({ kind: 'failed', reason: 'Somebody said no on the page.' })
  expect(await callMethod(modelsAuthWait, { provider: 'mine', seen: 1, timeoutMs: 900_000 }, rooms)).toEqual({ provider: 'mine', state: 'failed', changes: 2, message: 'Somebody said no on the page.' })
  expect(asked.at(-1)).toEqual({ what: 'changed', given: { waitMs: 120_000, seen: 1 } })
  tell({ kind: 'done', profile: 'mine:olga', account: 'olga@example.org' })
  expect(await callMethod(modelsAuthWait, { provider: 'mine' }, rooms)).toMatchObject({ state: 'done', profile: 'mine:olga', message: 'Signed in as olga@example.org. The credential is called mine:olga.' })
})

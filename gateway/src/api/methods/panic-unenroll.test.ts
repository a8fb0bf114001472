import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { haltRooms } from '../testing/halt-rooms.ts'
import { panicUnenroll } from './panic-unenroll.ts'

it('takes the authenticator away with its code only', async () => {
  const rooms = await haltRooms()
  await expect(callMethod(panicUnenroll, { code: 'wrong' }, rooms)).rejects.toMatchObject({ code: 'halt-code-wrong' })
  expect(await callMethod(panicUnenroll, { code: 'right' }, rooms)).toEqual({ ok: true })
})

import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { haltRooms } from '../testing/halt-rooms.ts'
import { panicEnroll } from './panic-enroll.ts'
import { panicEnrollConfirm } from './panic-enroll-confirm.ts'

it('takes the first code of the authenticator that was shown, and none before', async () => {
  const rooms = await haltRooms()
  await expect(callMethod(panicEnrollConfirm, { code: 'first' }, rooms)).rejects.toMatchObject({ code: 'halt-enroll-over' })
  await callMethod(panicEnroll, { code: 'right', confirm: true }, rooms)
  await expect(callMethod(panicEnrollConfirm, { code: 'wrong' }, rooms)).rejects.toMatchObject({ code: 'halt-code-wrong' })
  expect(await callMethod(panicEnrollConfirm, { code: 'first' }, rooms)).toEqual({ ok: true })
})

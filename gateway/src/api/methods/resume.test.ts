import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { haltRooms } from '../testing/halt-rooms.ts'
import { resume } from './resume.ts'

it('goes on after a panic with the right code only', async () => {
  const rooms = await haltRooms()
  await rooms.halt.panic({ principal: 'owner' as never, via: 'cli' })
  await expect(callMethod(resume, {}, rooms)).rejects.toMatchObject({ code: 'halt-code-wrong' })
  expect(await callMethod(resume, { code: 'right' }, rooms)).toEqual({ was: 'panic', forgotten: 0 })
})

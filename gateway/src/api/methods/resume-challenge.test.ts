import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { haltRooms } from '../testing/halt-rooms.ts'
import { resumeChallenge } from './resume-challenge.ts'

it('says which second factor is asked for', async () => {
  const rooms = await haltRooms()
  expect(await callMethod(resumeChallenge, {}, rooms)).toEqual({ factor: 'local', file: '/state/resume-code', halt: { kind: 'running' } })
})

it('only looks when asked to', async () => {
  expect(await callMethod(resumeChallenge, { look: true }, await haltRooms())).toEqual({ factor: 'local', halt: { kind: 'running' } })
})

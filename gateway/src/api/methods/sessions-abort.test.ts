import { expect, it } from 'vitest'
import type { SessionKey, TurnId } from '@moltbot/contract'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsAbort } from './sessions-abort.ts'

it('by session or by run', async () => {
  const rooms = await fakeRooms()
  const turn = { id: 'tn1' as TurnId, key: 'agent:main:main' as SessionKey, startedAt: 0, model: null, messages: [] }
  rooms.state.running = [turn]
  expect(await callMethod(sessionsAbort, { runId: 'nope' }, rooms)).toMatchObject({ aborted: false, status: 'no-active-run' })
  expect(await callMethod(sessionsAbort, { runId: 'tn1' }, rooms)).toEqual({ ok: true, aborted: true, runIds: ['tn1'], abortedRunId: 'tn1', status: 'aborted' })
  expect(await callMethod(sessionsAbort, { key: 'main' }, rooms)).toMatchObject({ aborted: false, abortedRunId: null })
  await expect(callMethod(sessionsAbort, {}, rooms)).rejects.toThrow('key or runId required')
})

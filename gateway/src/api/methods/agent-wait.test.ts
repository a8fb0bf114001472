import { expect, it } from 'vitest'
import type { InboxId, PrincipalId } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { callMethod, fakeCaller, settled } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { agentWait } from './agent-wait.ts'

const outcome = { turnId: null, end: 'answered', detail: null, startedAt: 5, endedAt: 9, text: 'x', usage: null, model: null }

it('answers at once for a run that has ended', async () => {
  const rooms = await fakeRooms()
  rooms.state.outcomes.set('K', outcome)
  expect(await callMethod(agentWait, { runId: 'K' }, rooms)).toEqual({ runId: 'K', status: 'ok', startedAt: 5, endedAt: 9 })
})

it('waits for one that has not, and tells its error', async () => {
  const rooms = await fakeRooms()
  rooms.state.outcomes.set('K', { ...outcome, end: null as never, endedAt: null as never })
  const waiting = callMethod(agentWait, { runId: 'K' }, rooms)
  await settled()
  rooms.state.outcomes.set('K', { ...outcome, end: 'failed', detail: 'No model answered.' as never })
  rooms.emit({ kind: 'message-ended', inbox: 'in1' as InboxId, platformId: 'K', key: null, end: 'failed', detail: null, turnId: null })
  expect(await waiting).toEqual({ runId: 'K', status: 'error', error: 'No model answered.', next: expect.stringMatching(/^See what happened: moltbot why /), startedAt: 5, endedAt: 9 })
})

it('running out of time is an ordinary answer', async () => {
  const clock = new FakeClock()
  const rooms = await fakeRooms({ clock })
  const waiting = callMethod(agentWait, { runId: 'nobody', timeoutMs: 500 }, rooms)
  await settled()
  await clock.advance(500)
  expect(await waiting).toEqual({ runId: 'nobody', status: 'timeout' })
})

it('a run of somebody else is never seen, not while it goes on and not when it ends', async () => {
  const clock = new FakeClock()
  const rooms = await fakeRooms({ clock })
  const theirs = { ...outcome, principal: 'pr-2' as PrincipalId, text: 'theirs' }
  rooms.state.outcomes.set('K', theirs)
  const waiting = callMethod(agentWait, { runId: 'K', timeoutMs: 500 }, rooms)
  await settled()
  rooms.emit({ kind: 'message-ended', inbox: 'in2' as InboxId, platformId: 'K', key: null, end: 'answered', detail: null, turnId: null })
  await settled()
  await clock.advance(500)
  expect(await waiting).toEqual({ runId: 'K', status: 'timeout' })
  const they = fakeCaller({ principal: { id: 'pr-2' as PrincipalId, role: 'member' } })
  expect(await callMethod(agentWait, { runId: 'K' }, rooms, they)).toMatchObject({ status: 'ok' })
})

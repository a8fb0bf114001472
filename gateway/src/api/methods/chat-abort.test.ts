import { expect, it } from 'vitest'
import type { InboxId, SessionKey, TurnId } from '@moltbot/contract'
import { callMethod, settled } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { chatAbort } from './chat-abort.ts'
import { chatSend } from './chat-send.ts'

const main = 'agent:main:main' as SessionKey
const turn = (id: string, platformId: string, key = main) => ({ id: id as TurnId, key, startedAt: 0, model: null, messages: [{ inbox: `in-${id}` as InboxId, platformId }] })

it('without a run it stops all of the session, and only of that session', async () => {
  const rooms = await fakeRooms()
  rooms.state.running = [turn('tn1', 'K1'), turn('tn2', 'K2', 'agent:main:other' as SessionKey)]
  expect(await callMethod(chatAbort, { sessionKey: 'main', preserveSideRuns: true }, rooms)).toEqual({ ok: true, aborted: true, runIds: ['tn1'] })
  expect(rooms.state.running.map((one) => one.id)).toEqual(['tn2'])
})

it('stops one run by the name its client gave', async () => {
  const rooms = await fakeRooms()
  rooms.state.running = [turn('tn1', 'K1')]
  expect(await callMethod(chatAbort, { sessionKey: 'main', runId: 'K1' }, rooms)).toEqual({ ok: true, aborted: true, runIds: ['K1'] })
  expect(rooms.state.aborts).toEqual([{ key: main, turn: 'tn1' }])
})

it('an unknown run is nothing to stop; a run of another session is a mistake', async () => {
  const rooms = await fakeRooms()
  rooms.state.running = [turn('tn2', 'K2', 'agent:main:other' as SessionKey)]
  expect(await callMethod(chatAbort, { sessionKey: 'main', runId: 'nope' }, rooms)).toEqual({ ok: true, aborted: false, runIds: [] })
  await expect(callMethod(chatAbort, { sessionKey: 'main', runId: 'K2' }, rooms)).rejects.toThrow('runId does not match sessionKey')
  expect(rooms.state.aborts).toEqual([])
})

it('a message that still waits in the queue is stopped too', async () => {
  const rooms = await fakeRooms()
  await callMethod(chatSend, { sessionKey: 'main', message: 'later', idempotencyKey: 'K' }, rooms)
  await settled()
  rooms.state.inbox.push({ id: rooms.runs.ofMessage('K', main)?.inbox, end: null } as never)
  expect(await callMethod(chatAbort, { sessionKey: 'main', runId: 'K' }, rooms)).toEqual({ ok: true, aborted: true, runIds: ['K'] })
  expect(rooms.state.aborts).toEqual([{ key: main, turn: undefined }])
})

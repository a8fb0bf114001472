import { Problem, type Channel } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { webLoginWait } from './web-login-wait.ts'

const pigeon = { id: 'pigeon', label: 'Pigeon', senders: 'platform', config: { path: 'channels.pigeon', schema: {} }, login: () => undefined } as unknown as Channel

it('tells the end of a login after it came', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [pigeon]
  let over = false
  rooms.state.login = {
    state: () => (over ? { kind: 'done', detail: '+491' } : { kind: 'going', step: { kind: 'type', code: 'ABCD-EFGH', how: 'Type this.' } }),
    changes: () => 1, changed: async () => void (over = true), stop: async () => undefined,
  }
  expect(await callMethod(webLoginWait, { channel: 'pigeon' }, rooms)).toMatchObject({ connected: true, state: 'done', message: 'Pigeon is linked: +491.' })
})

it('tells a code to type, and that nobody began', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [pigeon]
  await expect(callMethod(webLoginWait, {}, rooms)).rejects.toMatchObject({ code: 'login-none' })
  rooms.state.login = { state: () => ({ kind: 'going', step: { kind: 'type', code: 'ABCD-EFGH', how: 'Type this.' } }), changes: () => 1, changed: async () => undefined, stop: async () => undefined }
  expect(await callMethod(webLoginWait, { timeoutMs: 0 }, rooms)).toMatchObject({ connected: false, state: 'type', code: 'ABCD-EFGH' })
})

it('misses nothing between two waits, for clients of either kind', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [pigeon]
  const waited: (number | undefined)[] = []
  rooms.state.login = {
    state: () => ({ kind: 'going', step: { kind: 'scan', payload: 'the second code', until: 5_000, how: 'Scan this.' } }), changes: () => 2,
    changed: async (_ms, seen) => void waited.push(seen), stop: async () => undefined,
  }
  expect(await callMethod(webLoginWait, { seen: 1 }, rooms)).toMatchObject({ state: 'scan', changes: 2 })
  expect(waited).toEqual([1])
  const { qrDataUrl } = await callMethod(webLoginWait, { currentQrDataUrl: 'data:image/png;base64,AA' }, rooms)
  expect(waited).toEqual([1])
  expect(await callMethod(webLoginWait, { currentQrDataUrl: qrDataUrl }, rooms)).toMatchObject({ qrDataUrl })
  expect(waited).toEqual([1, 2])
})

it.each([['whatsapp-login-expired', 'timed-out'], ['whatsapp-login-ended', 'called-off'], ['signal-login-failed', 'refused']] as const)('tells of %s that it was %s', async (code, ended) => {
  const rooms = await fakeRooms()
  rooms.channels = [pigeon]
  rooms.state.login = { state: () => ({ kind: 'failed', problem: new Problem(code, 'It failed.') }), changes: () => 3, changed: async () => undefined, stop: async () => undefined }
  expect(await callMethod(webLoginWait, {}, rooms)).toMatchObject({ state: 'failed', ended })
})

import type { Channel } from '@moltbot/contract'
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
    changed: async () => void (over = true), stop: async () => undefined,
  }
  expect(await callMethod(webLoginWait, { channel: 'pigeon' }, rooms)).toMatchObject({ connected: true, state: 'done', message: 'Pigeon is linked: +491.' })
})

it('tells a code to type, and that nobody began', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [pigeon]
  await expect(callMethod(webLoginWait, {}, rooms)).rejects.toMatchObject({ code: 'login-none' })
  rooms.state.login = { state: () => ({ kind: 'going', step: { kind: 'type', code: 'ABCD-EFGH', how: 'Type this.' } }), changed: async () => undefined, stop: async () => undefined }
  expect(await callMethod(webLoginWait, { timeoutMs: 0 }, rooms)).toMatchObject({ connected: false, state: 'type', code: 'ABCD-EFGH' })
})

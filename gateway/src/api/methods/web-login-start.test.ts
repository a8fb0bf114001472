import { Problem, type Channel } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { webLoginStart } from './web-login-start.ts'

const pigeon = { id: 'pigeon', label: 'Pigeon', senders: 'platform', config: { path: 'channels.pigeon', schema: {} }, login: () => undefined } as unknown as Channel

it('answers with the first step: what to scan, as words and as a picture', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [pigeon]
  rooms.state.login = { state: () => ({ kind: 'going', step: { kind: 'scan', payload: 'secret-of-the-code', until: 5_000, how: 'Scan this.' } }), changes: () => 1, changed: async () => undefined, stop: async () => undefined }
  const answer = await callMethod(webLoginStart, {}, rooms)
  expect(answer).toMatchObject({ channel: 'pigeon', accountId: 'default', state: 'scan', connected: false, qr: 'secret-of-the-code', until: 5_000, message: 'Scan this.' })
  const image = Buffer.from((answer.qrDataUrl ?? '').replace('data:image/png;base64,', ''), 'base64')
  expect(image.subarray(1, 4).toString()).toBe('PNG')
  expect(image.readUInt32BE(16)).toBe(image.readUInt32BE(20))
})

it('waits for the first step, and says why there is none', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [pigeon]
  let failed = false
  rooms.state.login = {
    state: () => (failed ? { kind: 'failed', problem: new Problem('x', 'The telephone said no.', { next: 'Ask it again.' }) } : { kind: 'going', step: undefined }),
    changes: () => 0, changed: async () => void (failed = true), stop: async () => undefined,
  }
  await expect(callMethod(webLoginStart, { channel: 'pigeon' }, rooms)).rejects.toThrow('The telephone said no.')
})

it('says so where no network has a login by steps', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(webLoginStart, {}, rooms)).rejects.toMatchObject({ code: 'login-unsupported' })
})

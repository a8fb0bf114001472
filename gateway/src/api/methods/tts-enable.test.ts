import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms, fakeSpeech } from '../testing/fake-rooms.ts'
import { ttsEnable } from './tts-enable.ts'

const speaks = fakeSpeech({ voices: async () => [{ id: 'local', detail: 'espeak-ng', why: null }] })

it('has answers heard, and leaves it to whoever chose when', async () => {
  const rooms = await fakeRooms()
  rooms.speech = fakeSpeech({ ...speaks, auto: () => 'inbound' })
  expect(await callMethod(ttsEnable, {}, rooms)).toEqual({ enabled: true })
  expect(rooms.state.config).toEqual({})
  rooms.speech = speaks
  await callMethod(ttsEnable, {}, rooms)
  expect(rooms.state.config).toEqual({ messages: { tts: { auto: 'always' } } })
})

it('is refused where nobody can speak, and to whoever does not decide it', async () => {
  const rooms = await fakeRooms()
  rooms.speech = fakeSpeech({ auto: () => 'off', voices: async () => [{ id: 'local', detail: 'espeak-ng', why: 'espeak-ng is not installed' }] })
  await expect(callMethod(ttsEnable, {}, rooms)).rejects.toMatchObject({ code: 'speech-unset' })
  rooms.speech = speaks
  await expect(callMethod(ttsEnable, {}, rooms, fakeCaller({ principal: { id: 'p1' as never, role: 'member', name: 'Mia' } }))).rejects.toMatchObject({ code: 'speech-provider' })
  expect(rooms.state.config).toEqual({})
})

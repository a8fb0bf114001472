import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms, fakeSpeech } from '../testing/fake-rooms.ts'
import { ttsDisable } from './tts-disable.ts'

it('has answers read, once the owner says so', async () => {
  const rooms = await fakeRooms()
  rooms.speech = fakeSpeech({ auto: () => 'always', voices: async () => [] })
  await expect(callMethod(ttsDisable, {}, rooms, fakeCaller({ principal: { id: 'p1' as never, role: 'guest', name: 'Gus' } }))).rejects.toMatchObject({ code: 'speech-provider' })
  expect(await callMethod(ttsDisable, {}, rooms)).toEqual({ enabled: false })
  expect(rooms.state.config).toEqual({ messages: { tts: { auto: 'off' } } })
})

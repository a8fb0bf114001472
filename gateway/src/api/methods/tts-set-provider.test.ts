import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms, fakeSpeech } from '../testing/fake-rooms.ts'
import { ttsSetProvider } from './tts-set-provider.ts'

it('writes down who speaks first, of those there are, once the owner says so', async () => {
  const rooms = await fakeRooms()
  rooms.speech = fakeSpeech({ auto: () => 'off', voices: async () => [] })
  await expect(callMethod(ttsSetProvider, { provider: 'edge' }, rooms)).rejects.toMatchObject({ code: 'speech-provider' })
  await expect(callMethod(ttsSetProvider, { provider: 'local' }, rooms, fakeCaller({ principal: { id: 'p1' as never, role: 'member', name: 'Mia' } }))).rejects.toMatchObject({ code: 'speech-provider' })
  expect(rooms.state.config).toEqual({})
  expect(await callMethod(ttsSetProvider, { provider: 'elevenlabs' }, rooms)).toEqual({ provider: 'elevenlabs' })
  expect(rooms.state.config).toEqual({ messages: { tts: { provider: 'elevenlabs' } } })
})

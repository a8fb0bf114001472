import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms, fakeSpeech } from '../testing/fake-rooms.ts'
import { ttsStatus } from './tts-status.ts'

it('tells whether answers are heard, and who stands in for whom', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(ttsStatus, {}, rooms)).rejects.toMatchObject({ code: 'speech-absent' })
  rooms.speech = fakeSpeech({ auto: () => 'inbound', voices: async () => [{ id: 'openai', detail: 'gpt-4o-mini-tts', why: null }, { id: 'elevenlabs', detail: 'eleven', why: 'it is not set up' }, { id: 'local', detail: 'espeak-ng', why: null }] })
  expect(await callMethod(ttsStatus, {}, rooms)).toMatchObject({
    enabled: true, auto: 'inbound', provider: 'openai', fallbackProvider: 'local', fallbackProviders: ['local'], hasOpenAIKey: true, hasElevenLabsKey: false, edgeEnabled: false,
    providerStates: [{ id: 'openai', label: 'OpenAI', configured: true }, { id: 'elevenlabs', configured: false }, { id: 'local', configured: true }],
  })
})

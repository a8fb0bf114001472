import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms, fakeSpeech } from '../testing/fake-rooms.ts'
import { ttsProviders } from './tts-providers.ts'

it('names who can speak and what the others lack', async () => {
  const rooms = await fakeRooms()
  rooms.speech = fakeSpeech({ auto: () => 'off', voices: async () => [{ id: 'openai', detail: 'gpt-4o-mini-tts', why: 'there is no key for it' }, { id: 'local', detail: 'espeak-ng', why: null }] })
  expect(await callMethod(ttsProviders, {}, rooms)).toEqual({
    active: 'local',
    providers: [{ id: 'openai', name: 'OpenAI', configured: false, models: ['gpt-4o-mini-tts'], why: 'there is no key for it' }, { id: 'local', name: 'This machine', configured: true, models: [], why: null }],
  })
})

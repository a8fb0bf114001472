import { Problem, type Principal } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms, fakeSpeech, type FakeRooms } from '../testing/fake-rooms.ts'
import type { SpeechDoor } from '../rooms.ts'
import { ttsConvert } from './tts-convert.ts'

const made = { path: '/state/spoken/snd_1.ogg', by: 'openai', format: 'opus', isVoice: true, chars: 12 }

async function speaking(convert: SpeechDoor['convert']): Promise<FakeRooms> {
  const rooms = await fakeRooms()
  rooms.channels = [{ id: 'telegram' }] as never
  rooms.speech = fakeSpeech({ convert })
  return rooms
}

it('speaks a text for whoever asked, and stands in the record without its words', async () => {
  const asked: { text: string; principal: Principal; channel?: string }[] = []
  const rooms = await speaking(async (text, how) => {
    asked.push({ text, ...how })
    return made
  })
  expect(await callMethod(ttsConvert, { text: 'good morning', channel: ' Telegram ' }, rooms)).toEqual({ audioPath: made.path, provider: 'openai', outputFormat: 'opus', voiceCompatible: true })
  expect(asked).toMatchObject([{ text: 'good morning', channel: 'telegram', principal: { id: 'owner' } }])
  expect(rooms.state.audit).toMatchObject([{ act: 'file.spoken', principal: 'owner', subject: 'openai', outcome: 'done', facts: { characters: 12, format: 'opus', channel: 'telegram' } }])
  expect(JSON.stringify(rooms.state.audit)).not.toContain('good morning')
  await rooms.store.close()
})

it('is refused without words, with too many, for a channel nobody knows, and where nobody speaks', async () => {
  const rooms = await speaking(async () => made)
  for (const text of ['', 'x'.repeat(4_001)]) await expect(callMethod(ttsConvert, { text }, rooms)).rejects.toThrow('invalid tts.convert params')
  await expect(callMethod(ttsConvert, { text: 'x', channel: 'pigeon' }, rooms)).rejects.toMatchObject({ code: 'channel-unsupported' })
  delete rooms.speech
  await expect(callMethod(ttsConvert, { text: 'x' }, rooms)).rejects.toMatchObject({ code: 'speech-absent' })
  expect(rooms.state.audit).toEqual([])
  await rooms.store.close()
})

it('what could not be spoken stands in no record, and a caller who left is not waited for', async () => {
  const rooms = await speaking((_text, _how, signal) => new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Problem('speech-refused', 'given up')), { once: true })
  }))
  const caller = fakeCaller()
  const answer = callMethod(ttsConvert, { text: 'x' }, rooms, caller)
  caller.leave()
  await expect(answer).rejects.toMatchObject({ code: 'speech-refused' })
  expect(rooms.state.audit).toEqual([])
  await rooms.store.close()
})

import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { mayChangeSpeech, speechOf } from '../wire/speech.ts'

export const ttsEnable = defineMethod({
  name: 'tts.enable',
  scope: 'operator.write',
  summary: 'Has every answer on networks go out as a voice note, where nothing else was chosen in a conversation. Written to messages.tts.auto; for owners and admins.',
  params: closed({}),
  result: Type.Object({ enabled: Type.Literal(true) }),
  async handle(_params, rooms, caller) {
    mayChangeSpeech(caller)
    const { auto, voices } = await speechOf(rooms)
    if (voices.every(({ why }) => why !== null)) throw new Problem('speech-unset', 'Nobody here can speak.', { next: 'Set messages.tts up, or install espeak-ng.' })
    // Whoever chose when answers are heard keeps that.
    if (auto === 'off') await rooms.config.set('messages.tts.auto', 'always')
    return { enabled: true as const }
  },
})

import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { mayChangeSpeech, speechOf } from '../wire/speech.ts'

export const ttsDisable = defineMethod({
  name: 'tts.disable',
  scope: 'operator.write',
  summary: 'Has answers on networks go out as text, where nothing else was chosen in a conversation. Written to messages.tts.auto; for owners and admins.',
  params: closed({}),
  result: Type.Object({ enabled: Type.Literal(false) }),
  async handle(_params, rooms, caller) {
    mayChangeSpeech(caller)
    await speechOf(rooms)
    await rooms.config.set('messages.tts.auto', 'off')
    return { enabled: false as const }
  },
})

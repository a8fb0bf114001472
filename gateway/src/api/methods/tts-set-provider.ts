import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed, Word } from '../wire/params.ts'
import { mayChangeSpeech, speechOf } from '../wire/speech.ts'

export const ttsSetProvider = defineMethod({
  name: 'tts.setProvider',
  scope: 'operator.write',
  summary: 'Chooses who speaks first. Written to messages.tts.provider; for owners and admins.',
  params: closed({ provider: Word }),
  result: Type.Object({ provider: Type.String() }),
  async handle({ provider }, rooms, caller) {
    mayChangeSpeech(caller)
    const { ids } = await speechOf(rooms)
    if (!ids.includes(provider)) throw new Problem('speech-provider', `There are ${ids.join(', ')}.`, { next: 'See tts.providers.' })
    await rooms.config.set('messages.tts.provider', provider)
    return { provider }
  },
})

import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed, Word } from '../wire/params.ts'
import { convertedBy } from '../wire/speech.ts'

export const ttsConvert = defineMethod({
  name: 'tts.convert',
  scope: 'operator.write',
  summary: 'Speaks a text at the caller’s expense, best in the form `channel` shows as a voice note. `audioPath` is on the gateway’s own machine, for its user alone and for ten minutes. `voiceCompatible`: `channel` shows it as recorded speech.',
  params: closed({ text: Type.String({ minLength: 1, maxLength: 4_000 }), channel: Type.Optional(Word) }),
  result: Type.Object({ audioPath: Type.String(), provider: Type.String(), outputFormat: Type.String(), voiceCompatible: Type.Boolean() }),
  handle: (params, rooms, caller) => convertedBy(params, rooms, caller),
})

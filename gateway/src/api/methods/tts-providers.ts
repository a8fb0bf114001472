import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { speechOf } from '../wire/speech.ts'

export const ttsProviders = defineMethod({
  name: 'tts.providers',
  scope: 'operator.read',
  summary: 'Who can speak answers, in the order in which they are asked. `why`: what is missing where one cannot.',
  params: closed({}),
  result: Type.Object({
    providers: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), configured: Type.Boolean(), models: Type.Array(Type.String()), why: Type.Union([Type.String(), Type.Null()]) })),
    active: Type.String(),
  }),
  async handle(_params, rooms) {
    const { voices, active } = await speechOf(rooms)
    return { providers: voices.map(({ id, label, detail, why }) => ({ id, name: label, configured: why === null, models: id === 'local' ? [] : [detail], why })), active }
  },
})

import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { speechOf } from '../wire/speech.ts'

export const ttsStatus = defineMethod({
  name: 'tts.status',
  scope: 'operator.read',
  summary: 'Whether answers on networks go out as voice notes, and who speaks.',
  params: closed({}),
  result: Type.Object({
    enabled: Type.Boolean(), auto: Type.String(), provider: Type.String(), fallbackProvider: Type.Union([Type.String(), Type.Null()]), fallbackProviders: Type.Array(Type.String()), prefsPath: Type.String(),
    hasOpenAIKey: Type.Boolean(), hasElevenLabsKey: Type.Boolean(), edgeEnabled: Type.Boolean(),
    providerStates: Type.Array(Type.Object({ id: Type.String(), label: Type.String(), configured: Type.Boolean() })),
  }),
  async handle(_params, rooms) {
    const { auto, voices, active } = await speechOf(rooms)
    const able = new Set(voices.flatMap(({ id, why }) => (why === null ? [id] : [])))
    const others = [...able].filter((id) => id !== active)
    return {
      enabled: auto !== 'off', auto, provider: active, fallbackProvider: others[0] ?? null, fallbackProviders: others, prefsPath: rooms.config.snapshot().path,
      hasOpenAIKey: able.has('openai'), hasElevenLabsKey: able.has('elevenlabs'), edgeEnabled: false,
      providerStates: voices.map(({ id, label, why }) => ({ id, label, configured: why === null })),
    }
  },
})

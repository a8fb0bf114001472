import { defineSection } from '@moltbot/contract'
import { Type, type Static } from 'typebox'

const price = Type.Optional(Type.Number({ minimum: 0, description: 'US dollars per thousand characters, for the budget. Absent: a known price, else `budgets.ceilingPrice.speech`.' }))

/** Answers that are spoken. */
export const speechSection = defineSection({
  path: 'messages.tts',
  title: 'Answers as voice notes',
  reload: 'hot',
  secrets: ['openai.apiKey', 'elevenlabs.apiKey'],
  schema: Type.Object({
    auto: Type.Union([Type.Literal('off'), Type.Literal('always'), Type.Literal('inbound'), Type.Literal('tagged')], {
      default: 'off', description: 'Which answers on networks are voice notes: none, all, those to a voice note (`inbound`), or those the assistant itself marks (`tagged`). `/tts` changes it for one conversation.',
    }),
    provider: Type.Optional(Type.Union([Type.Literal('openai'), Type.Literal('elevenlabs'), Type.Literal('local'), Type.Literal('edge')], {
      description: 'Who speaks first; with `local` nobody else does. Absent: whoever of them is set up below, then OpenAI where your assistant’s model is theirs, then a program of this machine. `edge` is understood as absent.',
    })),
    guests: Type.Boolean({ default: false, description: 'Also for guests: each answer costs what the provider takes for it.' }),
    limit: Type.Integer({ default: 1_500, minimum: 100, maximum: 4_000, description: 'The most that is spoken of one answer, in characters. What is longer is told in short by the model that answered (or spoken up to there, where it cannot), and the whole text stands beside it.' }),
    summary: Type.Boolean({ default: true, description: 'False: an answer longer than `limit` goes out as text alone.' }),
    timeoutMs: Type.Integer({ default: 30_000, minimum: 1_000, maximum: 120_000, description: 'How long one provider may take, in milliseconds. The answer waits for it.' }),
    openai: Type.Object({
      apiKey: Type.Optional(Type.String({ description: 'The key, best as a reference. Absent: the one of the provider’s models.' })),
      baseUrl: Type.Optional(Type.String({ maxLength: 500, pattern: '^https?://', description: 'Another server that speaks OpenAI’s `/audio/speech`, up to `/v1`. It may be on this machine or network.' })),
      model: Type.String({ default: 'gpt-4o-mini-tts', maxLength: 120, description: 'The model.' }),
      voice: Type.String({ default: 'alloy', maxLength: 120, description: 'The voice.' }),
      instructions: Type.Optional(Type.String({ maxLength: 1_000, description: 'How it shall sound, for models that listen to that.' })),
      speed: Type.Optional(Type.Number({ minimum: 0.25, maximum: 4, description: 'How fast; 1 is usual.' })),
      pricePer1000: price,
    }, { default: {}, description: 'OpenAI, or a server that speaks like it.' }),
    elevenlabs: Type.Object({
      apiKey: Type.Optional(Type.String({ description: 'The key, best as a reference. Absent: ELEVENLABS_API_KEY, where `provider` says `elevenlabs`.' })),
      baseUrl: Type.Optional(Type.String({ maxLength: 500, pattern: '^https?://', description: 'Another server that speaks like it. It may be on this machine or network.' })),
      voiceId: Type.String({ default: 'pMsXgVXv3BLzUgSXRplE', maxLength: 120, pattern: '^[A-Za-z0-9_-]+$', description: 'The voice.' }),
      modelId: Type.String({ default: 'eleven_multilingual_v2', maxLength: 120, description: 'The model.' }),
      languageCode: Type.Optional(Type.String({ pattern: '^[A-Za-z]{2}$', description: 'The language (`de`), for models that are told.' })),
      voiceSettings: Type.Object({
        stability: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: 'How even it sounds.' })),
        similarityBoost: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: 'How near to the voice it was made from.' })),
        style: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: 'How strongly it plays.' })),
        useSpeakerBoost: Type.Optional(Type.Boolean({ description: 'Nearer still, and slower to come.' })),
        speed: Type.Optional(Type.Number({ minimum: 0.5, maximum: 2, description: 'How fast; 1 is usual.' })),
      }, { default: {}, description: 'How it sounds.' }),
      pricePer1000: price,
    }, { default: {}, description: 'ElevenLabs.' }),
    local: Type.Object({
      command: Type.Optional(Type.String({ maxLength: 500, description: 'The program. It is told the words by its standard input and runs isolated, without any network. Absent: espeak-ng, where it is installed.' })),
      args: Type.Optional(Type.Array(Type.String({ maxLength: 500 }), { maxItems: 40, description: 'Its arguments. `{{OutputPath}}` is the sound file (WAV) it shall write, `{{Voice}}` the voice. Absent: as espeak-ng takes them.' })),
      voice: Type.String({ default: 'en', maxLength: 60, pattern: '^[A-Za-z0-9_+-]+$', description: 'The voice or language (`de`).' }),
      folders: Type.Optional(Type.Array(Type.String({ maxLength: 500, pattern: '^/' }), { maxItems: 10, description: 'Folders it may read, such as that of its model.' })),
    }, { default: {}, description: 'A program of this machine.' }),
  }, { default: {} }),
})
export type SpeechConfig = Static<typeof speechSection.schema>

import { Type } from 'typebox'
import type { Static } from 'typebox'
import { defineSection } from '@moltbot/contract'

const compat = Type.Object({
  maxTokensField: Type.Optional(Type.Union([Type.Literal('max_tokens'), Type.Literal('max_completion_tokens')], { description: 'The name this server gives to the output limit.' })),
  supportsStore: Type.Optional(Type.Boolean({ description: 'Whether the server knows the field `store`.' })),
  supportsDeveloperRole: Type.Optional(Type.Boolean({ description: 'Whether instructions go into a `developer` message instead of a `system` one.' })),
  supportsReasoningEffort: Type.Optional(Type.Boolean({ description: 'Whether the server knows `reasoning_effort`.' })),
  cacheMarks: Type.Optional(Type.Union([Type.Literal('request'), Type.Literal('blocks')], { description: 'How Anthropic-style cache marks are set: on the request, or on the last block.' })),
}, { description: 'Quirks of a compatible server. What is left out is as the format has it.' })

const price = (what: string) => Type.Number({ minimum: 0, default: 0, description: `US dollars per million tokens ${what}.` })

const model = Type.Object({
  id: Type.String({ minLength: 1, description: 'The model\'s id at its provider.' }),
  name: Type.Optional(Type.String({ description: 'The name shown to people.' })),
  api: Type.Optional(Type.String({ description: 'Another wire format than the provider\'s, for this model.' })),
  reasoning: Type.Boolean({ default: false, description: 'Whether it can think before it answers.' }),
  input: Type.Array(Type.Union([Type.Literal('text'), Type.Literal('image')]), { default: ['text'], description: 'What it can read. Without `image`, pictures are described to it instead of shown (`agents.defaults.imageModel`).' }),
  cost: Type.Optional(Type.Object({ input: price('read'), output: price('written'), cacheRead: price('read from the cache'), cacheWrite: price('written to the cache') }, { description: 'Prices. Left out: unknown, and counted at a ceiling.' })),
  contextWindow: Type.Integer({ default: 200_000, minimum: 1024, description: 'How many tokens it can hold at once.' }),
  maxTokens: Type.Integer({ default: 8192, minimum: 16, description: 'The most tokens of one answer.' }),
  headers: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Further headers of calls to this model.' })),
  compat: Type.Optional(compat),
}, { description: 'One model of the provider.' })

const address = (what: string) => Type.Optional(Type.String({ maxLength: 2_000, description: what }))

const oauth = Type.Object({
  issuer: address('Who gives out the tokens; its own metadata (RFC 8414) says the rest.'),
  authorizationEndpoint: address('The page to sign in on, where the issuer does not say.'),
  tokenEndpoint: address('Where tokens are given out and renewed, where the issuer does not say.'),
  deviceEndpoint: address('Where codes to type elsewhere come from (RFC 8628), where the issuer does not say.'),
  revocationEndpoint: address('Where tokens are taken back (RFC 7009), where the issuer does not say.'),
  clientId: Type.String({ minLength: 1, maxLength: 500, description: 'The name this program has there.' }),
  clientSecret: Type.Optional(Type.String({ description: 'For servers that want one of programs like this as well.' })),
  scopes: Type.Array(Type.String({ minLength: 1, maxLength: 500 }), { default: [], maxItems: 50, description: 'What is asked for.' }),
  redirectUri: address('Where the browser is sent back to, when the server knows one address only. On this machine; without a port any free one is used. Absent: `http://127.0.0.1/callback`.'),
  parameters: Type.Record(Type.String(), Type.String(), { default: {}, description: 'Further parameters of the page to sign in on.' }),
}, { description: 'How people sign in with it (`moltbot models auth login`), in place of a key.' })

const provider = Type.Object({
  baseUrl: Type.Optional(Type.String({ description: 'Where the server is. Left out: where the catalog says, for known providers.' })),
  apiKey: Type.Optional(Type.String({ description: 'The key, best as a reference such as `${ANTHROPIC_API_KEY}`. Left out: the provider\'s usual environment name is used.' })),
  auth: Type.Optional(Type.Union([Type.Literal('api-key'), Type.Literal('token'), Type.Literal('oauth'), Type.Literal('aws-sdk')], { description: '`token` and `oauth` send the key as a bearer token. `aws-sdk` is not supported.' })),
  api: Type.Optional(Type.String({ description: 'The wire format: `openai-completions`, `openai-responses`, `anthropic-messages` or `google-generative-ai`. Left out: as the catalog says, else `openai-completions`.' })),
  headers: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Further headers of every call.' })),
  authHeader: Type.Optional(Type.Boolean({ description: 'Send the key as `Authorization: Bearer` whatever the format\'s own header is.' })),
  compat: Type.Optional(compat),
  oauth: Type.Optional(oauth),
  models: Type.Array(model, { default: [], description: 'Its models, where the catalog doesn\'t know them or not as you have them.' }),
}, { description: 'One provider.' })

/** Providers and how patient the gateway is with them. */
export const modelsSection = defineSection({
  path: 'models',
  title: 'Language models and where they come from',
  reload: 'hot',
  secrets: ['providers.*.apiKey', 'providers.*.oauth.clientSecret'],
  schema: Type.Object({
    mode: Type.Union([Type.Literal('merge'), Type.Literal('replace')], { default: 'merge', description: '`merge` adds your providers to the known ones; `replace` uses only yours (and the built-in assistant).' }),
    providers: Type.Record(Type.String(), provider, { default: {}, description: 'Providers by the name you give them. A known name (`anthropic`, `openai`, `google`, `openrouter`, `groq`, `mistral`, `deepseek`, `xai`, `together`, `fireworks`, `cerebras`, `ollama`, `lmstudio`, `llamacpp`, `vllm`) only needs what differs.' }),
    detectLocal: Type.Boolean({ default: true, description: 'Look for Ollama, LM Studio, llama.cpp and vLLM on this machine while no other model is set up.' }),
    silenceSeconds: Type.Number({ default: 15, minimum: 1, maximum: 600, description: 'How long a model may say nothing before the next one is asked.' }),
    stallSeconds: Type.Number({ default: 60, minimum: 1, maximum: 3600, description: 'How long an answer that has begun, or the only model there is, may say nothing before the call is given up. Servers on this machine get five times as long to begin.' }),
  }),
})

export type ModelsConfig = Static<typeof modelsSection.schema>

/** Which of several credentials of one provider is used. */
export const authSection = defineSection({
  path: 'auth',
  title: 'Several credentials of one provider',
  reload: 'hot',
  schema: Type.Object({
    order: Type.Record(Type.String(), Type.Array(Type.String({ maxLength: 220 }), { maxItems: 50 }), { default: {}, description: 'By provider: its profiles in the order in which they are used (`anthropic: ["anthropic:work", "anthropic:env"]`); those that are not named are not used. Without an order: sign-ins, then tokens, then keys, of each kind the one that was used longest ago; a conversation stays with its own.' }),
    profiles: Type.Record(Type.String(), Type.Object({
      provider: Type.Optional(Type.String({ description: 'The provider.' })),
      mode: Type.Optional(Type.String({ description: '`api_key`, `oauth` or `token`.' })),
      email: Type.Optional(Type.String({ description: 'Who it belongs to.' })),
    }), { default: {}, description: 'Profiles as other programs of this family write them down. They are made by `moltbot models auth`; nothing is read from here.' }),
  }, { default: {} }),
})

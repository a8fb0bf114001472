import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'

const word = Type.String({ minLength: 1, maxLength: 256 })

/**
 * What a client says in `connect`. Open on purpose: clients of protocol 4 grow this object every month, and unknown keys
 * decide nothing here. `client.id` and `client.mode` are any words, so every brand of the family is welcome.
 */
const schema = Type.Object({
  minProtocol: Type.Integer({ minimum: 1 }),
  maxProtocol: Type.Integer({ minimum: 1 }),
  client: Type.Object({
    id: word,
    version: word,
    platform: word,
    mode: word,
    displayName: Type.Optional(word),
    deviceFamily: Type.Optional(word),
    modelIdentifier: Type.Optional(word),
    instanceId: Type.Optional(word),
    timeZone: Type.Optional(Type.String({ maxLength: 64 })),
  }),
  role: Type.Optional(Type.String({ maxLength: 64 })),
  scopes: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64 })),
  caps: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 128 })),
  /** What it can do for its person, where it is a node. */
  commands: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 128 })),
  device: Type.Optional(Type.Object({
    id: Type.String({ minLength: 1, maxLength: 128 }),
    publicKey: Type.String({ minLength: 1, maxLength: 512 }),
    signature: Type.String({ minLength: 1, maxLength: 256 }),
    signedAt: Type.Integer(),
    nonce: Type.Optional(Type.String({ maxLength: 128 })),
  })),
  auth: Type.Optional(Type.Object({
    token: Type.Optional(Type.String({ maxLength: 4096 })),
    password: Type.Optional(Type.String({ maxLength: 4096 })),
    deviceToken: Type.Optional(Type.String({ maxLength: 4096 })),
    bootstrapToken: Type.Optional(Type.String({ maxLength: 4096 })),
  })),
})

export type ConnectParams = Static<typeof schema>
export const connectParams = Compile(schema)

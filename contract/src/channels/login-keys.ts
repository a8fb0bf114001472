import { Type, type TLiteral, type TProperties, type TSchema, type TUnion } from 'typebox'

/** Who may write directly, said once for every network. */
export const dmPolicyKey: TUnion<[TLiteral<'pairing'>, TLiteral<'allowlist'>, TLiteral<'open'>, TLiteral<'disabled'>]> =
  Type.Union([Type.Literal('pairing'), Type.Literal('allowlist'), Type.Literal('open'), Type.Literal('disabled')], {
    default: 'pairing',
    description: 'Who may write directly: strangers get a pairing code (`pairing`), only the listed (`allowlist`), everyone (`open`, needs `*` in allowFrom), nobody (`disabled`).',
  })

/** The keys of a login as a further account takes them: without defaults, so that what is absent is taken from the section and not from the schema. */
export function withoutDefaults<Keys extends TProperties>(keys: Keys): Keys {
  return Object.fromEntries(Object.entries(keys).map(([key, schema]) => [key, withoutDefault(schema)])) as Keys
}

function withoutDefault(schema: TSchema): TSchema {
  const descriptors = Object.getOwnPropertyDescriptors(schema) as Record<string, PropertyDescriptor>
  delete descriptors.default
  return Object.defineProperties({}, descriptors) as TSchema
}

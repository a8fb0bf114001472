import Type from 'typebox'
import type { TObject, TOptional, TProperties, TUnknown } from 'typebox'

/** Parameters of which every key is named; another key is an error the client sees. */
export function closed<Properties extends TProperties>(properties: Properties): TObject<Properties> {
  return Type.Object(properties, { additionalProperties: false })
}

/** Parameters to which clients of protocol 4 add keys ahead of the published schema; what is not named is ignored. */
export function open<Properties extends TProperties>(properties: Properties): TObject<Properties> {
  return Type.Object(properties)
}

/** Keys real clients send that have no effect here. Named, so that a closed object accepts them. */
export function ignored<const Name extends string>(...names: Name[]): Record<Name, TOptional<TUnknown>> {
  return Object.fromEntries(names.map((name) => [name, Type.Optional(Type.Unknown())])) as Record<Name, TOptional<TUnknown>>
}

/** A string that is not empty. */
export const Word = Type.String({ minLength: 1 })
export const MaybeWord = Type.Optional(Word)
/** Epoch milliseconds, whole: some clients refuse fractions. */
export const Time = Type.Integer()
export const MaybeTime = Type.Union([Time, Type.Null()])

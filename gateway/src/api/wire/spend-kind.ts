import Type from 'typebox'

/** By what money is added up. */
export const SpendKindShape = Type.Union([Type.Literal('model'), Type.Literal('agent'), Type.Literal('person'), Type.Literal('channel'), Type.Literal('session')])

import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open, Word } from '../wire/params.ts'

export const nodeInvokeResult = defineMethod({
  name: 'node.invoke.result',
  scope: 'node',
  summary: 'The answer of a node to what it was asked. Late, repeated and unasked answers are ignored.',
  params: open({
    id: Word, nodeId: Word, ok: Type.Boolean(), payload: Type.Optional(Type.Unknown()), payloadJSON: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    error: Type.Optional(Type.Union([Type.Object({ code: Type.Optional(Type.String({ maxLength: 64 })), message: Type.Optional(Type.String()) }), Type.Null()])),
  }),
  result: Type.Object({ ok: Type.Literal(true), ignored: Type.Optional(Type.Literal(true)) }),
  async handle({ id, nodeId, ok, payload, payloadJSON, error }, rooms, caller) {
    const taken = rooms.nodes?.answer(caller.id, { id, nodeId, ok, payload: payload ?? parsed(payloadJSON), ...(error?.code === undefined ? {} : { error: { code: error.code } }) })
    return taken === true ? { ok: true as const } : { ok: true as const, ignored: true as const }
  },
})

function parsed(json: string | null | undefined): unknown {
  if (json === null || json === undefined) return undefined
  try {
    return JSON.parse(json)
  } catch {
    // It is no answer; what was asked ends as one that does not fit.
    return json
  }
}

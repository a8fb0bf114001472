import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open, Word } from '../wire/params.ts'

export const nodeEvent = defineMethod({
  name: 'node.event',
  scope: 'node',
  summary: 'What a node tells by itself: whether somebody looks at it (`node.visible`). Anything else is taken and has no effect.',
  params: open({ event: Word, payload: Type.Optional(Type.Unknown()), payloadJSON: Type.Optional(Type.Union([Type.String(), Type.Null()])) }),
  result: Type.Object({ ok: Type.Literal(true), handled: Type.Boolean() }),
  async handle({ event, payload }, rooms, caller) {
    const visible = event === 'node.visible' && typeof payload === 'object' && payload !== null && 'visible' in payload ? payload.visible : undefined
    if (typeof visible !== 'boolean') return { ok: true as const, handled: false }
    rooms.nodes?.seen(caller.id, visible)
    return { ok: true as const, handled: true }
  },
})

import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { payloadOf, readWish } from '../wire/node-asks.ts'
import { open, Word } from '../wire/params.ts'

export const nodeInvoke = defineMethod({
  name: 'node.invoke',
  scope: 'operator.write',
  summary: 'Asks one of the caller\'s own pages or devices for something. A page asks its person first.',
  params: open({ nodeId: Word, command: Word, params: Type.Optional(Type.Unknown()), timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 300_000 })), idempotencyKey: Word }),
  result: Type.Object({ ok: Type.Literal(true), nodeId: Type.String(), command: Type.String(), payload: Type.Unknown(), payloadJSON: Type.Union([Type.String(), Type.Null()]) }),
  async handle({ nodeId, command, params, timeoutMs = 30_000 }, rooms, caller) {
    const wish = readWish(command, params)
    const { nodes } = rooms
    if (nodes === undefined || !nodes.list(caller.principal.id).some(({ id }) => id === nodeId)) throw new Problem('node-unavailable', 'node not connected', { details: { code: 'NOT_CONNECTED' } })
    try {
      const payload = payloadOf(await nodes.use({ principal: caller.principal.id, node: nodeId, wish, by: { kind: 'client', name: caller.client.displayName ?? caller.client.id }, timeoutMs }, caller.signal))
      return { ok: true as const, nodeId, command, payload, payloadJSON: JSON.stringify(payload) }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (error.code === 'node-command-refused') throw new Problem(error.code, 'node command not allowed', { details: { reason: error.message, command } })
      const code = error.code === 'node-silent' ? 'TIMEOUT' : error.code === 'node-refused' ? 'UNAUTHORIZED' : 'UNAVAILABLE'
      throw new Problem('node-unavailable', error.message, { ...(error.next === undefined ? {} : { next: error.next }), details: { nodeError: { code, message: error.message } } })
    }
  },
})

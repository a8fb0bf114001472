import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { WireAttachment } from '../wire/attachments.ts'
import { chatSend, runIdOf, SendResult, wishesOf } from '../wire/chat-send.ts'
import { open, Word } from '../wire/params.ts'
import { sessionFor } from '../wire/session-key.ts'

export const sessionsSend = defineMethod({
  name: 'sessions.send',
  scope: 'operator.write',
  summary: 'Says something in a session, like chat.send; the run’s name may be left to the gateway.',
  params: open({
    key: Word, message: Type.String(), agentId: Type.Optional(Type.String()), thinking: Type.Optional(Type.String()),
    attachments: Type.Optional(Type.Array(WireAttachment)), timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })), idempotencyKey: Type.Optional(Type.String()),
  }),
  result: SendResult,
  async handle(params, rooms, caller) {
    const key = sessionFor(rooms, params.key, params.agentId)
    rooms.runs.spelled(caller, key, params.key)
    return chatSend({
      key, runId: runIdOf(rooms, params.idempotencyKey), text: params.message, attachments: params.attachments, deliver: false,
      wishes: wishesOf({ ...(params.thinking === undefined ? {} : { thinking: params.thinking }), ...(params.timeoutMs === undefined ? {} : { timeoutMs: params.timeoutMs }) }),
    }, rooms, caller)
  },
})

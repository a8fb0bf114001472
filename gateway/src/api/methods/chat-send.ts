import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { WireAttachment } from '../wire/attachments.ts'
import { chatSend as say, runIdOf, SendResult, wishesOf } from '../wire/chat-send.ts'
import { ignored, open, Word } from '../wire/params.ts'
import { sessionFor } from '../wire/session-key.ts'

export const chatSend = defineMethod({
  name: 'chat.send',
  scope: 'operator.write',
  summary: 'Says something in a session; answers once the message is durable, before the run’s first event. A repetition with the same idempotencyKey starts nothing.',
  params: open({
    sessionKey: Word,
    message: Type.String(),
    thinking: Type.Optional(Type.String()),
    deliver: Type.Optional(Type.Boolean()),
    attachments: Type.Optional(Type.Array(WireAttachment)),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })),
    /** The run's name. Absent: one is made. */
    idempotencyKey: Type.Optional(Word),
    agentId: Type.Optional(Type.String()),
    suppressCommandInterpretation: Type.Optional(Type.Boolean()),
    ...ignored('sessionId', 'intent', 'fastMode', 'queueMode', 'replyToId', 'toolBindings', 'expectedLeafEntryId', 'expectedSessionRoutingContract', 'expectedPermissionMode', 'expectedToolOverrides', 'systemInputProvenance'),
  }),
  result: SendResult,
  async handle(params, rooms, caller) {
    const key = sessionFor(rooms, params.sessionKey, params.agentId)
    rooms.runs.spelled(caller, key, params.sessionKey)
    const { thinking, timeoutMs, suppressCommandInterpretation } = params
    return say({
      key, runId: runIdOf(rooms, params.idempotencyKey), text: params.message, attachments: params.attachments, deliver: params.deliver === true,
      wishes: wishesOf({
        ...(thinking === undefined ? {} : { thinking }), ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(suppressCommandInterpretation === true ? { commands: false } : {}),
      }),
    }, rooms, caller)
  },
})

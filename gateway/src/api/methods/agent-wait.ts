import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed, Word } from '../wire/params.ts'
import { failureOf, nextOfFailure, runEnd } from '../wire/run-end.ts'

export const agentWait = defineMethod({
  name: 'agent.wait',
  scope: 'operator.write',
  summary: 'Waits for a run of one’s own to end, at most timeoutMs (30 s); running out of time is an ordinary answer.',
  params: closed({ runId: Word, timeoutMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 3_600_000 })) }),
  result: Type.Object({
    runId: Type.String(), status: Type.String(), startedAt: Type.Optional(Type.Integer()), endedAt: Type.Optional(Type.Integer()), error: Type.Optional(Type.String()), next: Type.Optional(Type.String({ description: 'What can be done about the error.' })),
  }),
  async handle({ runId, timeoutMs }, rooms, caller) {
    const end = await runEnd(rooms, runId, { principal: caller.principal.id }, timeoutMs ?? 30_000)
    if (end === undefined || end.end === null) return { runId, status: 'timeout' }
    const failure = failureOf(end)
    const next = nextOfFailure(end)
    return {
      runId, status: failure === undefined ? 'ok' : 'error',
      ...(end.startedAt === null ? {} : { startedAt: Math.round(end.startedAt) }), ...(end.endedAt === null ? {} : { endedAt: Math.round(end.endedAt) }),
      ...(failure === undefined ? {} : { error: failure }), ...(next === undefined ? {} : { next }),
    }
  },
})

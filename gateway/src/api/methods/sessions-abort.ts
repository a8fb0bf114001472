import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { MaybeWord, open } from '../wire/params.ts'
import { sessionFor } from '../wire/session-key.ts'
import { stopSession } from '../wire/stop-session.ts'

export const sessionsAbort = defineMethod({
  name: 'sessions.abort',
  scope: 'operator.write',
  summary: 'Stops the work of a session, or one run wherever it is.',
  params: open({ key: MaybeWord, runId: MaybeWord, agentId: Type.Optional(Type.String()) }),
  result: Type.Object({ ok: Type.Literal(true), aborted: Type.Boolean(), runIds: Type.Array(Type.String()), abortedRunId: Type.Union([Type.String(), Type.Null()]), status: Type.String() }),
  async handle({ key: given, runId, agentId }, rooms) {
    const turn = runId === undefined ? undefined : rooms.sessions.running().find((one) => one.id === runId || rooms.runs.nameOf(one.id) === runId)
    const key = given !== undefined ? sessionFor(rooms, given, agentId) : turn?.key
    if (given === undefined && runId === undefined) throw new Problem('session-lookup', 'key or runId required')
    if (key === undefined || (runId !== undefined && turn?.key !== key)) return { ok: true as const, aborted: false, runIds: [], abortedRunId: null, status: 'no-active-run' }
    const stopped = await stopSession(rooms, key, turn?.id)
    return { ok: true as const, ...stopped, abortedRunId: stopped.runIds[0] ?? null, status: stopped.aborted ? 'aborted' : 'no-active-run' }
  },
})

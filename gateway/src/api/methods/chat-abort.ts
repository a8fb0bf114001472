import { Problem } from '@moltbot/contract'
import type { TurnId } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ignored, MaybeWord, open, Word } from '../wire/params.ts'
import { sessionFor } from '../wire/session-key.ts'
import { stopSession } from '../wire/stop-session.ts'

export const chatAbort = defineMethod({
  name: 'chat.abort',
  scope: 'operator.write',
  summary: 'Stops the running work of a session, or one run of it; answers after the aborted event.',
  params: open({ sessionKey: Word, runId: MaybeWord, agentId: Type.Optional(Type.String()), ...ignored('preserveSideRuns') }),
  result: Type.Object({ ok: Type.Literal(true), aborted: Type.Boolean(), runIds: Type.Array(Type.String()) }),
  async handle(params, rooms, caller) {
    const key = sessionFor(rooms, params.sessionKey, params.agentId)
    rooms.runs.spelled(caller, key, params.sessionKey)
    if (params.runId === undefined) return { ok: true as const, ...(await stopSession(rooms, key, undefined)) }
    const turn = rooms.runs.turnNamed(params.runId) ?? (params.runId as TurnId)
    const running = rooms.sessions.running().find((one) => one.id === turn || one.messages.some((message) => message.platformId === params.runId))
    if (running !== undefined && running.key !== key) throw new Problem('run-elsewhere', 'runId does not match sessionKey')
    if (running === undefined) {
      // Accepted and not yet running: it waits in the session's queue, which stopping empties.
      const waiting = rooms.runs.ofMessage(params.runId, key)
      if (waiting === undefined || waiting.ended || waiting.inbox === null) return { ok: true as const, aborted: false, runIds: [] }
      const row = await rooms.inbox.get(waiting.inbox)
      if (row === undefined || row.end !== null) return { ok: true as const, aborted: false, runIds: [] }
      await stopSession(rooms, key, undefined)
      return { ok: true as const, aborted: true, runIds: [params.runId] }
    }
    const { aborted } = await stopSession(rooms, key, running.id)
    return { ok: true as const, aborted, runIds: aborted ? [params.runId] : [] }
  },
})

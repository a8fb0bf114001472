import type { Clock, ModelMessage, NewId, SessionKey, Store, TurnId } from '@moltbot/contract'
import type { Feed } from './feed.ts'
import type { SessionsNeeds } from './sessions-needs.ts'
import type { Transcript } from './transcript.ts'
import type { TurnRecord } from './turn-record.ts'
import type { EntryRow, SessionRow, SessionsDoor } from './types.ts'
import { closeOpenCalls, keptFromOf, messagesOf } from './view.ts'

export interface CompactSessionOptions {
  store: Store
  clock: Clock
  newId: NewId
  transcript: Transcript
  feed: Feed
  record: TurnRecord
  needs: SessionsNeeds
  existing(key: SessionKey): Promise<SessionRow>
  isBusy(key: SessionKey): boolean
}

/** Summarises the older part of a session between its turns. */
export function createCompactSession({ store, clock, newId, transcript, feed, record, needs, existing, isBusy }: CompactSessionOptions): SessionsDoor['compact'] {
  const compacting = new Set<SessionKey>()
  return async (key, focus) => {
    const row = await existing(key)
    if (isBusy(key)) return { compacted: false, reason: 'The session is busy; try again when the answer is there.' }
    if (compacting.has(key)) return { compacted: false, reason: 'It is being summarised already.' }
    compacting.add(key)
    const principal = (await needs.principal(row.principal)) ?? { id: row.principal, role: 'guest' as const }
    const controller = new AbortController()
    const cancel = clock.after(120_000, () => controller.abort('timeout'))
    try {
      const live = await transcript.live(store.read, row.id)
      const messages: ModelMessage[] = closeOpenCalls(messagesOf(live), false)
      const models = needs.models(row.agent, row.settings.model)
      const system = (await transcript.system(store.read, key))?.text ?? (await needs.prompt(row.agent, principal, row.kind, row.lastChat)).text
      const result = await needs.compact({
        id: newId('tn') as TurnId, sessionKey: key, sessionId: row.id, system, messages, unfinished: [], thinking: 'off',
        models: models.candidates, strict: models.strict, contextWindow: models.contextWindow, maxOutputTokens: models.maxOutputTokens, stepsMax: 1,
      }, focus, controller.signal)
      if ('reason' in result) return { compacted: false, reason: result.reason }
      const keptFrom = keptFromOf(live, result.kept, false)
      // What was said meanwhile comes after what is kept; only another summary or a fresh start makes this one void.
      const written = await store.transaction(async (tx) => {
        const summaries = (entries: readonly EntryRow[]): number => entries.findLast((entry) => entry.body.kind === 'summary')?.seq ?? 0
        if ((await transcript.session(tx, key))?.id !== row.id || summaries(await transcript.live(tx, row.id)) !== summaries(live)) return false
        await record.writeSummary(tx, key, row.id, row.principal, null, result.summary, keptFrom)
        await transcript.touch(tx, key, { usage: result.usage, contextTokens: needs.estimateTokens(result.summary) })
        return true
      })
      if (!written) return { compacted: false, reason: 'The conversation was started afresh or summarised meanwhile; it was left as it is.' }
      feed.publish({ kind: 'session-changed', key, change: 'updated' })
      return { compacted: true }
    } finally {
      cancel()
      compacting.delete(key)
    }
  }
}

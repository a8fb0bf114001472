/** What sub-agents need of the other rooms: work is handed over by a way in of our own, and looked after by what the sessions keep. */
import { describeError, Problem, type ChatRef, type Clock, type Door, type IncomingMessage, type Logger, type Store } from '@moltbot/contract'
import type { InboxRoom } from './journey/inbox/index.ts'
import type { OutboxRoom } from './journey/outbox/index.ts'
import type { SubAgentsNeeds } from './journey/sandbox/index.ts'
import type { SessionsRoom } from './journey/sessions/index.ts'

export function subAgentNeeds({ store, clock, log, inbox, sessions, outbox, stopSession, doorFor, settings }: {
  store: Store
  clock: Clock
  log: Logger
  inbox: Pick<InboxRoom, 'byPlatformId' | 'onEnd'>
  sessions: Pick<SessionsRoom, 'list' | 'history' | 'running' | 'inject' | 'transcript'>
  outbox: Pick<OutboxRoom, 'send'>
  stopSession: SessionsRoom['abort']
  doorFor(serves: Door['serves']): Door | undefined
  settings: Pick<SubAgentsNeeds, 'agent' | 'model' | 'visibility' | 'concurrentMax' | 'mask'>
}): SubAgentsNeeds {
  return {
    ...settings,
    sessions: () => sessions.list(), history: sessions.history, isRunning: (key) => sessions.running(key).length > 0, abort: (key) => stopSession(key, { reason: 'stop' }),
    async submit({ id, session, principal, text, origin, wishes }) {
      const door = (['browser', 'terminal', 'http'] as const).map((serves) => doorFor(serves)).find((each) => each !== undefined)
      if (door === undefined) throw new Problem('door-closed', 'Every way in of this gateway\'s own is switched off, and work is handed over by one.', { next: 'Switch channels.web or channels.terminal on in the configuration.' })
      const receipt = await door.submit({
        id, chat: session as string as ChatRef['chat'], sender: { id: principal as string as IncomingMessage['sender']['id'] }, sentAt: clock.now(), text, attachments: [], mentioned: 'yes', session, wishes,
        ...(origin === undefined ? {} : { origin }),
      })
      if (receipt.kind === 'refused') throw new Problem('message-refused', receipt.reason)
    },
    async outcomeOf(id) {
      const row = await inbox.byPlatformId(id)
      if (row === undefined) return undefined
      const turn = row.turnId === null ? undefined : await sessions.transcript.turn(store.read, row.turnId)
      const { input, output, cacheRead, cacheWrite } = turn?.usage ?? { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
      return {
        inbox: row.id, end: row.end, detail: row.endDetail, outcome: turn?.outcome ?? null, text: turn?.text ?? '', tokens: input + output + cacheRead + cacheWrite,
        elapsedMs: (turn?.endedAt ?? row.endedAt ?? clock.now()) - (turn?.startedAt ?? row.receivedAt),
      }
    },
    onEnded: (listener) => inbox.onEnd((row) => listener(row.message.id)),
    // It is written by the time of any later transaction, for they come in order; whether it arrived is the outbox's.
    tell(chat, markdown, principal, key) {
      outbox.send({ chat, markdown, principal, key }).catch((error: unknown) => log.error('The end of a sub-agent could not be told.', { key, error: describeError(error) }))
    },
    inject: (key, text, origin) => sessions.inject(key, text, undefined, origin),
  }
}

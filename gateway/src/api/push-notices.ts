import type { PrincipalId, SessionKey } from '@moltbot/contract'
import type { PushNotice } from '../foundation/push/types.ts'
import type { Approval } from '../journey/guard/types.ts'
import type { SessionRow } from '../journey/sessions/types.ts'
import { gatewaySection } from './config.ts'
import type { Rooms } from './rooms.ts'
import { ownWayIn } from './wire/history.ts'
import { mayAllowFromNotification } from './wire/notified-answer.ts'

/** Tells browsers of what waits for a person: questions, answers in the page's own chats, and what needs somebody. Returns how to stop. */
export function startPushNotices(rooms: Rooms): () => void {
  const { push } = rooms
  if (push === undefined) return () => undefined
  /** Only who may answer a question is told of it, and only who may act of what needs somebody. */
  const tellDeciders = async (notice: PushNotice): Promise<void> => {
    for (const id of await push.people()) {
      const role = (await rooms.guard.principal(id))?.role
      if (role === 'owner' || role === 'admin') void push.send(id, notice)
    }
  }
  const quietly = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => rooms.log.warn('A notification was not sent.', { reason: String(error) }))
  }
  /** A conversation whose own place is the page, or nowhere yet. */
  const talkedHere = async (key: SessionKey): Promise<SessionRow | undefined> => {
    const session = await rooms.sessions.get(key)
    return session === undefined || (session.lastChat !== null && !ownWayIn(rooms, session.lastChat.channel)) ? undefined : session
  }
  const tellAnswered = async (key: SessionKey, text: string): Promise<void> => {
    const session = await talkedHere(key)
    // Whoever wrote in a messenger is told there.
    if (session !== undefined) await push.send(session.principal as PrincipalId, { kind: 'reply', body: text, session: key })
  }
  const tellAsked = async ({ id, session, summary, effects }: Approval): Promise<void> => {
    const allow = mayAllowFromNotification(effects, rooms.config.get(gatewaySection).controlUi.notificationAnswers)
    const here = session === null ? undefined : await talkedHere(session)
    await tellDeciders({ kind: 'approval', body: summary, question: { id, allow }, ...(here === undefined ? {} : { session: here.key }) })
  }
  let needing = needy(rooms)
  const stops = [
    rooms.guard.onApproval((approval) => {
      if (approval.state === 'pending') quietly(tellAsked(approval))
    }),
    rooms.sessions.feed.subscribe((item) => {
      if (item.kind === 'turn-settled' && item.outcome.kind === 'answered') quietly(tellAnswered(item.turn.key, item.outcome.text))
    }),
    rooms.connections.onChange(() => {
      const now = needy(rooms)
      const fresh = [...now].filter(([name]) => !needing.has(name)).map(([, words]) => words)
      needing = now
      if (fresh.length > 0) quietly(tellDeciders({ kind: 'alert', body: fresh.join(' ') }))
    }),
    rooms.reviews?.onChange(() => {
      const critical = rooms.reviews?.summary()?.critical ?? 0
      if (critical > 0) quietly(tellDeciders({ kind: 'alert', body: critical === 1 ? 'The review found something critical.' : `The review found ${critical} critical things.` }))
    }) ?? (() => undefined),
  ]
  return () => stops.forEach((stop) => stop())
}

/** The logins that need a person, by name, in words. */
function needy(rooms: Rooms): Map<string, string> {
  return new Map(rooms.connections.status().flatMap(({ channel, account, label, health }) => (health.kind === 'needs-you' ? [[`${channel}/${account}`, `${label}: ${health.reason}`] as const] : [])))
}

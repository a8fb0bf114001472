import type { PlatformMessageId, SessionKey, ThinkingLevel, TurnWishes } from '@moltbot/contract'
import { Problem, thinkingLevels } from '@moltbot/contract'
import Type from 'typebox'
import type { Static } from 'typebox'
import type { Caller } from '../caller.ts'
import type { Rooms } from '../rooms.ts'
import { readAttachments } from './attachments.ts'
import type { WireAttachment } from './attachments.ts'
import { lastRoute } from './last-route.ts'
import { stopSession } from './stop-session.ts'
import { stopWish } from './stop-words.ts'
import { repeatStatus, submitMessage } from './submit-message.ts'

/** How `chat.send` and its like answer: a run was started or is known already, or the words were a wish to stop. */
export const SendResult = Type.Union([
  Type.Object({ runId: Type.String(), status: Type.String(), summary: Type.Optional(Type.String()) }),
  Type.Object({ ok: Type.Literal(true), aborted: Type.Boolean(), runIds: Type.Array(Type.String()) }),
])
export type SendResult = Static<typeof SendResult>

export interface ChatWords {
  key: SessionKey
  runId: string
  text: string
  attachments: readonly WireAttachment[] | undefined
  wishes: TurnWishes
  /** Also send the reply to where the session was last spoken in. */
  deliver: boolean
}

/** Says something in a session as the caller. Resolves once it is durable. */
export async function chatSend(words: ChatWords, rooms: Rooms, caller: Caller): Promise<SendResult> {
  const { key, runId } = words
  const attachments = readAttachments(words.attachments, rooms.files)
  if (words.text.trim() === '' && attachments.length === 0) throw new Problem('message-empty', 'message or attachment required')
  const stop = attachments.length === 0 && words.wishes.commands !== false ? stopWish(words.text) : undefined
  if (stop === 'command' || (stop === 'word' && rooms.sessions.running(key).length > 0)) return { ok: true, ...(await stopSession(rooms, key, undefined)) }
  const session = await rooms.sessions.get(key)
  if (session?.settings.sendPolicy === 'deny') throw new Problem('send-denied', 'send blocked by session policy')
  const route = words.deliver ? lastRoute(rooms, session?.lastChat) : undefined
  const submitted = await submitMessage(rooms, caller, { runId, key, text: words.text, attachments, wishes: { ...words.wishes, ...(route === undefined ? {} : { alsoTo: route }) } })
  if (submitted.kind === 'repeated') return { runId, ...repeatStatus(submitted.row) }
  return { runId, status: 'started' }
}

/** The wishes for one turn, checked. Throws `Problem('thinking-invalid')`. */
export function wishesOf(given: { thinking?: string; timeoutMs?: number; model?: string; instructions?: string; commands?: boolean }): TurnWishes {
  const { thinking, timeoutMs, model, instructions, commands } = given
  return {
    ...(thinking === undefined || thinking === '' ? {} : { thinking: thinkingOf(thinking) }),
    ...(timeoutMs === undefined || timeoutMs <= 0 ? {} : { timeoutMs: Math.round(timeoutMs) }),
    ...(model === undefined || model === '' ? {} : { model }),
    ...(instructions === undefined || instructions === '' ? {} : { instructions }),
    ...(commands === undefined ? {} : { commands }),
  }
}

export function thinkingOf(given: string): ThinkingLevel {
  const level = thinkingLevels.find((known) => known === given.trim().toLowerCase())
  if (level === undefined) throw new Problem('thinking-invalid', `invalid thinkingLevel (use ${thinkingLevels.join('|')})`)
  return level
}

/** A name for a run whose client gave none. */
export function runIdOf(rooms: Pick<Rooms, 'newId'>, given: string | undefined): PlatformMessageId {
  return (given === undefined || given === '' ? rooms.newId('run') : given) as PlatformMessageId
}

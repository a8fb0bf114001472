import type { SessionKey } from './ids.ts'
import type { Origin } from './model.ts'

/** The target of `sends` when it is the conversation the turn belongs to. */
export const ownConversation = 'this conversation'

/** How words of another conversation begin. What stands in them was put together by a model: no address in them counts as read or said. */
export const handedOver = '[From the conversation '
/** How a message of the gateway begins that says that a command has ended. A person who writes so loses nothing but that addresses in it count as said by nobody. */
export const commandEnded = '[Your background command '

/** How a message stands. `waiting`: written down, and sent once the network can be reached. `fileLeftOut`: the network takes no such file, and a sentence that says so went instead. */
export interface SentMessage { id: string; to: string; state: 'sent' | 'waiting'; again: boolean; fileLeftOut?: true }

/** A place words may go to. `id` names it for good; names may be several places'. */
export interface Recipient { id: string; names: string[] }

/**
 * The grant `messages`. `to` is the id of a known place, or a name that means exactly one; absent: the conversation of the turn. Rejects with
 * `Problem('recipient-unknown')`, `recipient-unclear`, `message-unknown` (not one of ours in that place), `message-cannot` (the network has no such thing).
 */
export interface Messages {
  recipients(): Promise<Recipient[]>
  /**
   * `reply`: as an answer to the message the turn began with; only in its own conversation. `file`: of the workspace, or an http or https address that is fetched as the web is; sent with the words; it goes as what
   * its content is and without what says where it was made. The same words and file to the same place are sent once in a turn (`again`).
   */
  send(message: { to?: string; text: string; reply: boolean; file?: string }, signal: AbortSignal): Promise<SentMessage>
  /** Says words in the conversation of the turn, as a voice note. Rejects with a `Problem`, and nothing goes out then. The same words are said once in a turn (`again`). */
  speak(text: string, signal: AbortSignal): Promise<SentMessage>
  /** Replaces the words of a message of ours. */
  edit(id: string, to: string | undefined, text: string, signal: AbortSignal): Promise<void>
  remove(id: string, to: string | undefined, signal: AbortSignal): Promise<void>
  /** To the message the turn began with, or to one of ours by its id. '' takes it back. */
  react(id: string | undefined, to: string | undefined, emoji: string, signal: AbortSignal): Promise<void>
  /** Like `react`: the message the turn began with, or one of ours by its id, is held up in its chat for everybody there, or no longer. */
  pin(id: string | undefined, to: string | undefined, signal: AbortSignal): Promise<void>
  unpin(id: string | undefined, to: string | undefined, signal: AbortSignal): Promise<void>
  poll(poll: { to?: string; question: string; options: readonly string[] }, signal: AbortSignal): Promise<SentMessage>
  /** One the network has there, by `name`, or a WebP picture as `file`, from where `send` takes files. */
  sticker(sticker: { to?: string; name?: string; file?: string }, signal: AbortSignal): Promise<SentMessage>
}

/** Another conversation of the same person. */
export interface SessionLine { key: SessionKey; title: string | null; kind: string; updatedAt: number; running: boolean; child: boolean }

/** How work handed to a sub-agent stands, as the gateway saw it. `lost`: the gateway stopped and could not go on with it. */
export type ChildState = 'running' | 'done' | 'silent' | 'failed' | 'stopped' | 'lost'

/** The grant `sessions`. Shows only what `tools.sessions.visibility` lets the turn see; everything else is `Problem('session-unseen')`. */
export interface OtherSessions {
  list(limit: number): Promise<SessionLine[]>
  /** What was said, without what tools gave; the latest `limit`, at most 20,000 characters. */
  history(key: string, limit: number): Promise<{ text: string; origin?: Origin; boundary: string }>
  /** Words for that conversation's agent. `waitMs` 0: does not wait. `state` running: it was still at work when the wait was over. */
  send(key: string, text: string, waitMs: number, signal: AbortSignal): Promise<{ state: ChildState; reply: string; origin?: Origin; boundary: string }>
  /** Begins a task in a conversation of its own; its end is told in the chat of this one. Rejects with `Problem('children-full')`, `agent-unknown`. */
  spawn(task: { task: string; label?: string; agent?: string; model?: string; timeoutMs?: number }): Promise<{ key: SessionKey }>
}

import { SendProblem, describeError, type ChatRef, type PlatformMessageId } from '@moltbot/contract'
import type { SignsOptions } from './types.ts'

/** A network that has not answered by then will not. */
export const reactDeadlineMs = 15_000
/** So many reactions are put in one place within a minute; what comes beyond gets none. Taking one back always may. */
export const perMinuteMax = 20
/** A reaction that could not be taken back is tried once more, so long after, or when the network wants it within a minute. */
const againMs = 2_000
const againMaxMs = 60_000
/** A place that refused so many messages in a row wants none: it is left alone for a while. */
export const refusalsMax = 3
export const leftAloneMs = 60 * 60_000
/** So many places are remembered. */
const placesMax = 1_000

/** The one reaction of ours on one message. */
export interface Mark {
  readonly chat: ChatRef
  readonly message: PlatformMessageId
  /** What the person shall see; '' for nothing. */
  wanted: string
  /** What the person sees, as far as it is known. Undefined: whatever an earlier gateway left. */
  shown: string | undefined
  /** Shown where the network has no such reaction. */
  instead: string | undefined
  busy: boolean
  /** Taking it back was put off once. */
  putOff: boolean
}

export interface Reactions {
  /** A message with nothing of ours on it, or with whatever an earlier gateway `left`. */
  mark(chat: ChatRef, message: PlatformMessageId, left?: 'left'): Mark
  /** Shows this emoji on the message, or nothing for ''. One call at a time for a message; what is outdated by then is left out. Never throws. */
  show(mark: Mark, emoji: string, instead?: string): void
  /** No further call. */
  close(): void
}

/** Puts reactions on messages and takes them back, as well as it goes: nobody waits for one, and nothing is tried for long. */
export function createReactions({ clock, log, connections }: Pick<SignsOptions, 'clock' | 'log' | 'connections'>): Reactions {
  /** Until when an account is left alone because its network asked for that. */
  const pausedUntil = new Map<string, number>()
  /** What a network refused on a message that took another one. */
  const notTaken = new Map<string, Set<string>>()
  const minutes = new Map<string, { since: number; count: number }>()
  const refusals = new Map<string, { count: number; at: number }>()
  let closed = false

  const accountOf = ({ channel, account }: ChatRef): string => JSON.stringify([channel, account])
  const placeOf = ({ channel, account, chat }: ChatRef): string => JSON.stringify([channel, account, chat])

  function pauseOf(chat: ChatRef): number {
    const now = clock.now()
    const health = connections.status().find(({ channel, account }) => channel === chat.channel && account === chat.account)?.health
    return Math.max(0, (pausedUntil.get(accountOf(chat)) ?? 0) - now, health?.kind === 'throttled' ? health.until - now : 0)
  }

  /** Counts one more in this place; false: there were enough within a minute. */
  function mayShow(chat: ChatRef): boolean {
    const now = clock.now()
    const minute = minutes.get(placeOf(chat))
    if (minute !== undefined && now >= minute.since && now - minute.since < 60_000) return (minute.count += 1) <= perMinuteMax
    remember(minutes, chat, { since: now, count: 1 })
    return true
  }

  function remember<T>(places: Map<string, T>, chat: ChatRef, fact: T): void {
    places.delete(placeOf(chat))
    places.set(placeOf(chat), fact)
    for (const [oldest] of places) if (places.size > placesMax) places.delete(oldest)
  }

  /** Whether this place takes no reactions at all: a group may have them switched off. */
  function wantsNone(chat: ChatRef): boolean {
    const before = refusals.get(placeOf(chat))
    return before !== undefined && before.count >= refusalsMax && clock.now() - before.at < leftAloneMs
  }

  /** One call. Undefined: done; else why not, and what is certain. */
  async function react({ chat, message }: Mark, emoji: string): Promise<SendProblem | undefined> {
    const controller = new AbortController()
    let cancel = (): void => undefined
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(reactDeadlineMs, () => {
        reject(new SendProblem('unknown', 'no answer in time'))
        controller.abort()
      })
    })
    try {
      const connection = connections.of(chat)
      if (connection?.react === undefined) return new SendProblem('not-sent', 'the account is not connected')
      await Promise.race([connection.react(chat, message, emoji, controller.signal), late])
      return undefined
    } catch (error) {
      const failure = error instanceof SendProblem ? error : new SendProblem('unknown', describeError(error))
      log.debug('A reaction could not be put on a message, or not taken back.', { channel: chat.channel, emoji, error: failure.message })
      if (failure.retryAfterMs !== undefined) pausedUntil.set(accountOf(chat), clock.now() + failure.retryAfterMs)
      return failure
    } finally {
      cancel()
    }
  }

  async function put(mark: Mark, emoji: string): Promise<void> {
    const { chat, instead, shown } = mark
    if (wantsNone(chat)) {
      mark.wanted = shown ?? ''
      return
    }
    const known = notTaken.get(accountOf(chat)) ?? new Set<string>()
    const refused: string[] = []
    for (const each of new Set([emoji, ...(instead === undefined ? [] : [instead])])) {
      if (known.has(each)) continue
      if (pauseOf(chat) > 0 || !mayShow(chat)) break
      const failure = await react(mark, each)
      // What may stand there is taken back like what does.
      if (failure === undefined || failure.outcome === 'unknown') mark.shown = emoji
      if (failure?.outcome === 'never') refused.push(each)
      if (failure?.outcome !== 'never') break
    }
    // A message that takes another one says that it was the emoji.
    if (refused.length > 0 && ((shown !== undefined && shown !== '') || mark.shown === emoji)) {
      log.info('A network does not take an emoji as a reaction.', { channel: chat.channel, emoji: refused })
      notTaken.set(accountOf(chat), new Set([...known, ...refused]))
    } else if (refused.length > 0) remember(refusals, chat, { count: (refusals.get(placeOf(chat))?.count ?? 0) + 1, at: clock.now() })
    if (mark.shown === emoji) refusals.delete(placeOf(chat))
    if (mark.shown !== emoji && mark.wanted === emoji) mark.wanted = mark.shown ?? ''
  }

  async function takeBack(mark: Mark): Promise<void> {
    const pause = pauseOf(mark.chat)
    const failure = pause > 0 ? undefined : await react(mark, '')
    mark.shown = ''
    if (pause === 0 && (failure === undefined || failure.outcome === 'never')) return
    const waitMs = Math.max(pause, failure?.retryAfterMs ?? againMs)
    if (mark.putOff || waitMs > againMaxMs) return
    mark.putOff = true
    clock.after(waitMs, () => {
      if (mark.wanted !== '') return
      mark.shown = undefined
      void settle(mark)
    })
  }

  async function settle(mark: Mark): Promise<void> {
    if (mark.busy) return
    mark.busy = true
    while (!closed && mark.wanted !== mark.shown) await (mark.wanted === '' ? takeBack(mark) : put(mark, mark.wanted))
    mark.busy = false
  }

  return {
    mark: (chat, message, left) => ({ chat, message, wanted: '', shown: left === undefined ? '' : undefined, instead: undefined, busy: false, putOff: false }),
    show(mark, emoji, instead) {
      mark.wanted = emoji
      mark.instead = instead
      void settle(mark)
    },
    close() {
      closed = true
    },
  }
}

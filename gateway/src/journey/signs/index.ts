/**
 * Signs: by what a person sees that their message was taken and is worked on, before there are words. A reaction on it, and that the
 * assistant writes. It says nothing, keeps nothing, and nobody ever waits for it: what a network does not show is not shown.
 */
import { describeError, type ChatRef, type InboxId, type IncomingMessage, type SessionKey, type TurnId } from '@moltbot/contract'
import { ackFor, eyes } from './ack-for.ts'
import { createReactions, type Mark } from './reactions.ts'
import { followStatus } from './status-of.ts'
import type { SignedMessage, SignedTurn, SignsOptions, Working } from './types.ts'
import { beginTyping } from './typing.ts'

export type * from './types.ts'
export { statusReactionsSection } from './config.ts'

/** How long what an earlier gateway left waits for its account to be connected. */
const comingUpMs = 60_000

interface Sign {
  mark: Mark
  /** The reaction follows the work. */
  follows: boolean
}

export type SignsRoom = ReturnType<typeof createSigns>

export function createSigns(options: SignsOptions) {
  const { clock, log, connections } = options
  const reactions = createReactions(options)
  /** Messages on their way that carry a reaction of this gateway, or were to. */
  const signs = new Map<InboxId, Sign>()
  /** Turns at work on a message that has no reaction yet: a turn may begin while its message is on the way to the disk. */
  const early = new Map<InboxId, (sign: Sign) => void>()
  /** Messages that were joined to another one and keep theirs until that one has its end. */
  const joined = new Map<string, SignedMessage[]>()

  /** A sign is never worth an error. */
  function quietly(work: () => void): void {
    try {
      work()
    } catch (error) {
      log.warn('A sign could not be given.', { error: describeError(error) })
    }
  }

  const ackOf = (message: IncomingMessage, key: SessionKey): string | undefined => ackFor(message, key, options)

  function finish(mark: Mark, end: SignedMessage['end'], follows: boolean): void {
    const { removeAfterReply } = options.ack()
    if (!follows) {
      if (removeAfterReply) reactions.show(mark, '')
      return
    }
    const { emojis, timing } = options.status()
    const last = end === 'answered' ? emojis.done : end === 'failed' ? emojis.error : ''
    reactions.show(mark, last)
    if (removeAfterReply && last !== '') clock.after(end === 'failed' ? timing.errorHoldMs : timing.doneHoldMs, () => reactions.show(mark, ''))
  }

  /** Calls back when the account is connected: at once, or within a minute, or never. */
  function whenUp(chat: ChatRef, task: () => void): void {
    if (connections.of(chat) !== undefined) return task()
    let cancel = (): void => undefined
    const off = connections.onUp((channel, account) => {
      if (channel !== chat.channel || account !== chat.account) return
      off()
      cancel()
      quietly(task)
    })
    cancel = clock.after(comingUpMs, off)
  }

  /** A message on which this gateway put nothing: an earlier one may have. False: none was to. */
  function finishLeft({ message, sessionKey, end }: SignedMessage): boolean {
    const connection = connections.of(message.chat)
    if (sessionKey === null || end === 'command' || (connection !== undefined && connection.react === undefined) || ackOf(message, sessionKey) === undefined) return false
    whenUp(message.chat, () => {
      if (connections.of(message.chat)?.react !== undefined) finish(reactions.mark(message.chat, message.id, 'left'), end, options.status().enabled)
    })
    return true
  }

  /** The same for what had joined it by then. */
  async function finishJoinedBefore(id: InboxId, turn: TurnId, end: SignedMessage['end']): Promise<void> {
    for (const row of await options.ofTurn(turn)) if (row.end === 'merged' && row.endDetail === id) finishLeft({ ...row, end })
  }

  return {
    /** A message is on the disk, and for the assistant. */
    seen({ id, message }: { id: InboxId; message: IncomingMessage }, key: SessionKey): void {
      if (connections.of(message.chat)?.react === undefined || signs.has(id)) return
      quietly(() => {
        const ack = ackOf(message, key)
        if (ack === undefined) return
        const { enabled, emojis } = options.status()
        const sign: Sign = { mark: reactions.mark(message.chat, message.id), follows: enabled }
        signs.set(id, sign)
        reactions.show(sign.mark, enabled ? emojis.queued ?? ack : ack, eyes)
        early.get(id)?.(sign)
      })
    },
    /** A turn begins. Never throws. */
    working(turn: SignedTurn): Working {
      const [first] = turn.batch
      const ways: Working[] = []
      quietly(() => {
        ways.push(beginTyping(options, turn))
        if (first === undefined || !options.status().enabled) return
        const follow = ({ mark, follows }: Sign): void => {
          early.delete(first.inbox)
          if (follows) ways.push(followStatus(options, options.status(), (emoji) => reactions.show(mark, emoji)))
        }
        const sign = signs.get(first.inbox)
        if (sign === undefined) early.set(first.inbox, follow)
        else follow(sign)
      })
      return {
        show: (event) => ways.forEach((way) => quietly(() => way.show(event))),
        end() {
          if (first !== undefined) early.delete(first.inbox)
          ways.forEach((way) => way.end())
        },
      }
    },
    /** A message has its end state, and that is on the disk. */
    ended(row: SignedMessage): void {
      quietly(() => {
        const sign = signs.get(row.id)
        if (row.end === 'merged') {
          if (sign !== undefined && row.endDetail !== null) joined.set(row.endDetail, [...(joined.get(row.endDetail) ?? []), row])
          return
        }
        const those = joined.get(row.id) ?? []
        joined.delete(row.id)
        for (const { id } of [row, ...those]) {
          const own = signs.get(id)
          signs.delete(id)
          if (own !== undefined) finish(own.mark, row.end, own.follows)
        }
        if (sign !== undefined || those.length > 0 || (!options.ack().removeAfterReply && !options.status().enabled)) return
        if (finishLeft(row) && row.turnId !== null) finishJoinedBefore(row.id, row.turnId, row.end).catch((error: unknown) => log.warn('What had joined a message could not be read; its reaction stays.', { error: describeError(error) }))
      })
    },
    /** Gives no further sign. */
    close(): void {
      reactions.close()
    },
  }
}

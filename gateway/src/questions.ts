/** How questions to people are put: where the work was asked for, and about money to the owner wherever they are. */
import { describeError, type Clock, type Logger, type Principal, type Store, type Tx } from '@moltbot/contract'
import { isElevated } from './elevated.ts'
import type { AskOwner } from './foundation/budget/index.ts'
import { askButtons, asksFor, askWords, type Approval, type GuardRoom } from './journey/guard/index.ts'
import type { OutboxRoom } from './journey/outbox/index.ts'
import { agentOfKey, type Turn } from './journey/sessions/index.ts'
import type { KnownChats } from './known-chats.ts'

/** So long before the end of its time a turn stops waiting for a person, so that it can still say so. */
const answerMarginMs = 20_000

interface Parts { clock: Clock; guard: Pick<GuardRoom, 'mayDecide' | 'ask' | 'take' | 'whenDecided' | 'waitFor'>; outbox: Pick<OutboxRoom, 'reply'> }

const minutesLeft = (approval: Approval, clock: Clock): number => Math.max(1, Math.round((approval.expiresAt - clock.now()) / 60_000))

/** Puts a question in the chat of the turn that asks, once, in the transaction that writes it down. */
export function questionsInChat({ clock, guard, outbox }: Parts): (tx: Tx, turn: Turn, approval: Approval) => Promise<void> {
  return async (tx, { batch: [first], chat, principal }, approval) => {
    if (first === undefined) return
    const words = askWords(approval, { ownerOnly: !guard.mayDecide(principal, approval), minutes: minutesLeft(approval, clock) })
    await outbox.reply(tx, { inbox: first.inbox, chat, principal: principal.id }, words, `ask-${approval.id}`, askButtons(approval))
  }
}

/** Takes the buttons away from questions that were answered, or that ran out: now those of before the start, later each at once. */
export async function endAnsweredButtons({ guard, outbox, log }: { guard: Pick<GuardRoom, 'approvals' | 'onApproval'>; outbox: Pick<OutboxRoom, 'endButtons'>; log: Pick<Logger, 'warn'> }): Promise<void> {
  guard.onApproval((approval) => {
    if (approval.state === 'pending') return
    outbox.endButtons((buttons) => asksFor(buttons, approval)).catch((error: unknown) => log.warn('The buttons of a question that is over could not be taken away.', { error: describeError(error) }))
  })
  const open = await guard.approvals({ open: true })
  await outbox.endButtons((buttons) => !open.some((approval) => asksFor(buttons, approval)))
}

/** Asks the owner for money in the name of a turn; the turn waits meanwhile. Whoever may not decide it is told only that the owner is asked. */
export function moneyQuestions(parts: Parts & { store: Store; tellOwner: KnownChats['tellOwner']; putQuestion: ReturnType<typeof questionsInChat> }): (turn: Turn) => AskOwner {
  const { store, clock, guard, outbox, tellOwner, putQuestion } = parts
  return (turn) => async ({ summary, reason, what, input }, record, signal) => {
    const principal: Principal = turn.principal
    const exact = { tool: 'budget', input, effects: [{ kind: 'spends' as const, what }], agent: agentOfKey(turn.key), session: turn.key, principal }
    const question = await store.transaction(async (tx) => {
      const asked = await guard.ask(tx, { ...exact, turn: turn.id, summary, reason, until: turn.deadline - answerMarginMs })
      const [first] = turn.batch
      if (asked.state !== 'pending' || first === undefined) return asked
      if (isElevated(principal)) await putQuestion(tx, turn, asked)
      else await outbox.reply(tx, { inbox: first.inbox, chat: turn.chat, principal: principal.id }, '⏳ The allowance for now is used up. I asked the owner for more and go on when they say yes.', `ask-${asked.id}`)
      return asked
    })
    // Asked for again after a crash, it is the same message.
    if (question.state === 'pending' && !isElevated(principal)) await tellOwner(askWords(question, { ownerOnly: false, minutes: minutesLeft(question, clock) }), `ask-${question.id}`, askButtons(question))
    let decided = await guard.whenDecided(question.id, signal)
    if (decided.state === 'pending') {
      // The gateway stops: it is asked again at the next start, and the answer counts until then.
      if (turn.signal.reason === 'shutdown') return 'withdrawn'
      decided = await guard.waitFor(question.id, signal)
    }
    if (decided.state === 'allowed') {
      const taken = await store.transaction(async (tx) => {
        const mine = await guard.take(tx, question.id, exact)
        if (mine) await record(tx, question.id, 'yes')
        return mine
      })
      return taken ? 'yes' : 'withdrawn'
    }
    if (decided.state === 'denied') {
      await store.transaction((tx) => record(tx, question.id, 'no'))
      return 'no'
    }
    return decided.state === 'expired' ? 'unanswered' : 'withdrawn'
  }
}

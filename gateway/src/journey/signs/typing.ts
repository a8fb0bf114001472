import { silentToken, type AgentEvent, type TypingMode } from '@moltbot/contract'
import type { SignedTurn, SignsOptions, Working } from './types.ts'

/** Networks show it for five seconds and more; asked for a little sooner than that it never goes out meanwhile. */
export const typingEveryMs = 4_500
/** Work that gives no sign for so long is not shown as writing. */
export const typingPatienceMs = 120_000

/** Shows in a chat that the assistant writes, for as long as a turn gets on. */
export function beginTyping({ clock, connections, typing, addressed }: Pick<SignsOptions, 'clock' | 'connections' | 'typing' | 'addressed'>, turn: SignedTurn): Working {
  const { mode = usualMode(), everyMs = typingEveryMs } = typing()
  let movedAt = clock.now()
  let begun = false
  let ended = false
  let words = ''
  let cancel: (() => void) | undefined

  function usualMode(): TypingMode {
    return turn.chat.kind === 'direct' || turn.batch.some(({ message }) => addressed(message)) ? 'instant' : 'message'
  }

  function tick(): void {
    cancel = undefined
    if (ended || clock.now() - movedAt >= typingPatienceMs) return
    const connection = connections.of(turn.chat)
    if (connection !== undefined && connection.typing === undefined) {
      ended = true
      return
    }
    void (async () => connection?.typing?.(turn.chat))().catch(() => undefined)
    cancel = clock.after(everyMs, tick)
  }

  function begin(): void {
    begun = true
    words = ''
    tick()
  }

  /** Whether this is what the mode waits for. */
  function isSign(event: AgentEvent): boolean {
    if (event.type === 'thinking-delta') return mode === 'thinking'
    if (event.type === 'model-start' || event.type === 'failover' || event.type === 'assistant-end') words = ''
    if (event.type !== 'text-delta') return false
    words += event.text
    return words.trim() !== '' && !silentToken.startsWith(words.trim())
  }

  if (mode === 'instant') begin()
  return {
    show(event) {
      if (mode === 'never' || ended) return
      movedAt = clock.now()
      if (begun && cancel === undefined) tick()
      else if (!begun && isSign(event)) begin()
    },
    end() {
      ended = true
      cancel?.()
    },
  }
}

import type { AgentEvent } from '@moltbot/contract'
import type { StatusReactions } from './config.ts'
import type { SignsOptions, Working } from './types.ts'

/** Follows one turn and says which emoji its message shall carry: what is done right now, and that nothing has happened for long. */
export function followStatus({ clock }: Pick<SignsOptions, 'clock'>, { emojis, timing }: StatusReactions, show: (emoji: string) => void): Working {
  let doing = emojis.thinking
  let movedAt = clock.now()
  let stalled = false
  let ended = false
  let cancelChange: (() => void) | undefined
  let cancelWatch: (() => void) | undefined

  function change(): void {
    cancelChange?.()
    cancelChange = clock.after(timing.debounceMs, () => {
      cancelChange = undefined
      if (doing !== '') show(doing)
    })
  }

  function stall(emoji: string): void {
    stalled = true
    cancelChange?.()
    cancelChange = undefined
    if (emoji !== '') show(emoji)
  }

  /** Timers are kept few: a turn moves many times a second. */
  function watch(): void {
    const quietMs = clock.now() - movedAt
    cancelWatch = undefined
    if (quietMs >= timing.stallHardMs) return stall(emojis.stallHard)
    if (quietMs >= timing.stallSoftMs) stall(emojis.stallSoft)
    cancelWatch = clock.after(Math.max(1, (quietMs >= timing.stallSoftMs ? timing.stallHardMs : Math.min(timing.stallSoftMs, timing.stallHardMs)) - quietMs), watch)
  }

  change()
  watch()
  return {
    show(event) {
      if (ended) return
      movedAt = clock.now()
      const now = stateOf(event, emojis) ?? doing
      if (now !== doing || stalled) {
        doing = now
        stalled = false
        change()
      }
      if (cancelWatch === undefined) watch()
    },
    end() {
      ended = true
      cancelChange?.()
      cancelWatch?.()
    },
  }
}

/** What an event says is being done from now on; undefined: what was. */
function stateOf(event: AgentEvent, emojis: StatusReactions['emojis']): string | undefined {
  if (event.type === 'tool-start') return emojis.tool
  return event.type === 'tool-end' || event.type === 'model-start' ? emojis.thinking : undefined
}

import { Problem, describeError, type Clock, type LoginStep } from '@moltbot/contract'

/** How a login by steps stands. */
export type LoginState =
  | { kind: 'going'; step: LoginStep | undefined }
  | { kind: 'done'; detail: string }
  | { kind: 'failed'; problem: Problem }

/** One attempt of a person to log an account in. Clients look at it as often as they like. */
export interface LoginAttempt {
  state(): LoginState
  /** How often it changed so far. */
  changes(): number
  /** Resolves at the next change, or after `waitMs`; at once when it is over, or when it changed since the `seen` a client knows. */
  changed(waitMs: number, seen?: number): Promise<void>
  /** Gives it up. Resolves when it is over. */
  stop(): Promise<void>
}

/** Follows the steps to their end. `finished` runs once, whatever the end was. */
export function followLogin(steps: AsyncIterable<LoginStep>, controller: AbortController, clock: Clock, finished: () => void): LoginAttempt {
  let state: LoginState = { kind: 'going', step: undefined }
  let changes = 0
  let wake = new Set<() => void>()
  const tell = (now: LoginState): void => {
    state = now
    changes += 1
    const waiting = wake
    wake = new Set()
    for (const one of waiting) one()
  }
  const over = (async () => {
    let end: LoginState = { kind: 'failed', problem: new Problem('login-ended', 'The login ended without a result.', { next: 'Begin it again.' }) }
    try {
      for await (const step of steps) {
        if (step.kind === 'done') end = { kind: 'done', detail: step.detail }
        else tell({ kind: 'going', step })
      }
    } catch (error) {
      const next = (error as { next?: unknown }).next
      end = { kind: 'failed', problem: error instanceof Problem ? error : new Problem('login-failed', describeError(error), { next: typeof next === 'string' ? next : 'Begin it again.', cause: error }) }
    }
    tell(end)
    finished()
  })()
  return {
    state: () => state,
    changes: () => changes,
    async changed(waitMs, seen = changes) {
      if (state.kind !== 'going' || seen !== changes) return
      await new Promise<void>((resolve) => {
        const cancel = clock.after(waitMs, done)
        function done(): void {
          cancel()
          wake.delete(done)
          resolve()
        }
        wake.add(done)
      })
    },
    async stop() {
      controller.abort()
      await over
    },
  }
}

import { Problem, createWatched, describeError, type Clock, type LoginStep, type Watched } from '@moltbot/contract'

/** How a login by steps stands. */
export type LoginState =
  | { kind: 'going'; step: LoginStep | undefined }
  | { kind: 'done'; detail: string }
  | { kind: 'failed'; problem: Problem }

/** One attempt of a person to log an account in. */
export interface LoginAttempt extends Watched<LoginState> {
  /** Gives it up. Resolves when it is over. */
  stop(): Promise<void>
}

/** Follows the steps to their end. `finished` runs once, whatever the end was. */
export function followLogin(steps: AsyncIterable<LoginStep>, controller: AbortController, clock: Clock, finished: () => void): LoginAttempt {
  const { watched, tell } = createWatched<LoginState>(clock, { kind: 'going', step: undefined })
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
    ...watched,
    async stop() {
      controller.abort()
      await over
    },
  }
}

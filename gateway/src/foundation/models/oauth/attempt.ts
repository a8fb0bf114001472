import { Problem, createWatched, describeError } from '@moltbot/contract'
import type { Clock } from '@moltbot/contract'
import type { SignInAttempt, SignInState, SignInStep } from '../types.ts'
import type { HandIn } from './answer-of-browser.ts'

/** Follows a sign-in to its end. `work` shows what a person does next, and resolves once what came of it is sealed. */
export function followSignIn(clock: Clock, work: (show: (step: SignInStep, handIn?: HandIn) => void, signal: AbortSignal) => Promise<{ profile: string; account: string | null }>): SignInAttempt {
  const control = new AbortController()
  const { watched, tell } = createWatched<SignInState>(clock, { kind: 'going', step: undefined })
  let handIn: HandIn | undefined
  const over = work((step, take) => {
    handIn = take
    tell({ kind: 'going', step })
  }, control.signal).then(({ profile, account }) => tell({ kind: 'done', profile, account }), (error: unknown) => tell({ kind: 'failed', reason: describeError(error) })).finally(() => {
    handIn = undefined
  })

  return {
    ...watched,
    handIn(address) {
      if (handIn === undefined) throw new Problem('models-sign-in-none', 'No sign-in waits for an address.', { next: 'Begin one: moltbot models auth login --browser' })
      handIn(address)
    },
    async stop() {
      control.abort()
      await over
    },
  }
}

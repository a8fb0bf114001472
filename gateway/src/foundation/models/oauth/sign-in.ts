import { Problem, createWatched, describeError } from '@moltbot/contract'
import type { SignInAttempt, SignInState } from '../types.ts'
import { findServer } from './authorization-server.ts'
import type { OauthConfig } from './authorization-server.ts'
import { signInByBrowser } from './sign-in-by-browser.ts'
import type { HandIn } from './sign-in-by-browser.ts'
import { signInByDevice } from './sign-in-by-device.ts'
import type { Speaker } from './speak.ts'
import { accountOf, tokensOf } from './tokens.ts'
import type { Tokens } from './tokens.ts'

export interface SignInOptions {
  provider: string
  oauth: OauthConfig
  way: 'device' | 'browser' | undefined
  speaker: Speaker
  random: (bytes: number) => Buffer
  clientSecret: string | undefined
  /** The origin the tokens are for. */
  audience: string
  /** Seals them; resolves with the profile's name once that is durable. */
  keep(tokens: Tokens, account: string | undefined): Promise<string>
}

/** Begins a sign-in and follows it to its end. */
export function beginSignIn(options: SignInOptions): SignInAttempt {
  const { provider, oauth, speaker } = options
  const control = new AbortController()
  const { watched, tell } = createWatched<SignInState>(speaker.clock, { kind: 'going', step: undefined })
  let handIn: HandIn | undefined

  const over = (async () => {
    try {
      const server = await findServer(provider, oauth, speaker, control.signal)
      const way = options.way ?? (server.device === undefined ? 'browser' : 'device')
      const client = { token: server.token, clientId: oauth.clientId, clientSecret: options.clientSecret }
      const endpoint = way === 'device' ? server.device : server.authorize
      if (endpoint === undefined) throw new Problem('models-sign-in-unsupported', `${provider} has no ${way === 'device' ? 'codes to type elsewhere' : 'page to sign in on'}.`, { next: `Use ${way === 'device' ? '--browser' : '--device'}.` })
      const answer = way === 'device'
        ? await signInByDevice(endpoint, client, oauth, speaker, (step) => tell({ kind: 'going', step }), control.signal)
        : await signInByBrowser(endpoint, server, client, oauth, speaker, options.random, (step, take) => {
          handIn = take
          tell({ kind: 'going', step })
        }, control.signal)
      const account = accountOf(answer)
      const tokens = tokensOf(answer, speaker.clock.now(), {
        token: server.token.href, clientId: oauth.clientId, audience: options.audience, ...(server.revoke === undefined ? {} : { revoke: server.revoke.href }),
      })
      const profile = await options.keep(tokens, account)
      tell({ kind: 'done', profile, account: account ?? null })
    } catch (error) {
      tell({ kind: 'failed', reason: describeError(error) })
    }
    handIn = undefined
  })()

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

import { Problem } from '@moltbot/contract'
import type { SignInAttempt } from '../types.ts'
import { followSignIn } from './attempt.ts'
import { findServer } from './authorization-server.ts'
import type { OauthConfig } from './authorization-server.ts'
import { signInByBrowser } from './sign-in-by-browser.ts'
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
  return followSignIn(speaker.clock, async (show, signal) => {
    const server = await findServer(provider, oauth, speaker, signal)
    const way = options.way ?? (server.device === undefined ? 'browser' : 'device')
    const client = { token: server.token, clientId: oauth.clientId, clientSecret: options.clientSecret }
    const endpoint = way === 'device' ? server.device : server.authorize
    if (endpoint === undefined) throw new Problem('models-sign-in-unsupported', `${provider} has no ${way === 'device' ? 'codes to type elsewhere' : 'page to sign in on'}.`, { next: `Use ${way === 'device' ? '--browser' : '--device'}.` })
    const answer = way === 'device'
      ? await signInByDevice(endpoint, client, oauth, speaker, show, signal)
      : await signInByBrowser(endpoint, server, client, oauth, speaker, options.random, show, signal)
    const account = accountOf(answer)
    const tokens = tokensOf(answer, speaker.clock.now(), {
      token: server.token.href, clientId: oauth.clientId, audience: options.audience, ...(server.revoke === undefined ? {} : { revoke: server.revoke.href }),
    })
    return { profile: await options.keep(tokens, account), account: account ?? null }
  })
}

import { createHash, timingSafeEqual } from 'node:crypto'
import { Problem } from '@moltbot/contract'
import type { SignInStep } from '../types.ts'
import { answerOfBrowser, codeIn, only } from './answer-of-browser.ts'
import type { HandIn } from './answer-of-browser.ts'
import type { AuthorizationServer, OauthConfig } from './authorization-server.ts'
import { shown } from './speak.ts'
import type { Answer, Speaker } from './speak.ts'
import { askForTokens, Refused } from './tokens.ts'
import type { Client } from './tokens.ts'

const redirectDefault = 'http://127.0.0.1/callback'

/**
 * Authorization code with PKCE (RFC 7636): the answer must bear this sign-in's own state. Rejects with a `Problem` when it is over without;
 * nobody listens then any more.
 */
export async function signInByBrowser(
  authorize: URL, server: Pick<AuthorizationServer, 'issuer' | 'namesItself'>, client: Client, oauth: Pick<OauthConfig, 'scopes' | 'redirectUri' | 'parameters'>,
  speaker: Speaker, random: (bytes: number) => Buffer, show: (step: SignInStep, handIn: HandIn) => void, signal: AbortSignal,
): Promise<Answer & { access_token: string }> {
  const state = random(32).toString('base64url')
  const verifier = random(32).toString('base64url')
  const { code, back } = await answerOfBrowser({
    back: redirectOf(oauth.redirectUri ?? redirectDefault),
    addressFor(redirect) {
      const url = new URL(authorize)
      const asked = {
        ...oauth.parameters, response_type: 'code', client_id: client.clientId, redirect_uri: redirect, state, code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
        ...(oauth.scopes.length === 0 ? {} : { scope: oauth.scopes.join(' ') }),
      }
      for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
      return url.href
    },
    read(query) {
      if (!same(only(query, 'state') ?? '', state)) throw new Problem('models-sign-in-state', 'This is not the answer to the sign-in that was begun here.', { next: 'Begin it again and use its own link.' })
      const issuer = only(query, 'iss')
      if (server.issuer !== undefined && (issuer === undefined ? server.namesItself : issuer !== server.issuer)) throw new Problem('models-sign-in-issuer', 'The answer is of another server than the one that was asked.', { next: 'Begin it again.' })
      const error = only(query, 'error')
      if (error === undefined) return codeIn(query)
      return error === 'access_denied' ? new Problem('models-sign-in-denied', 'Somebody said no on the page.', { next: 'Begin it again.' }) : new Refused(shown(error).slice(0, 60), authorize.host, shown(only(query, 'error_description') ?? ''))
    },
  }, speaker.clock, show, signal)
  return askForTokens(client, { grant_type: 'authorization_code', code, redirect_uri: back, code_verifier: verifier }, speaker, signal)
}

/** Where the browser is sent back to: this machine, nowhere else. */
function redirectOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.protocol !== 'http:' || !['127.0.0.1', 'localhost'].includes(url.hostname) || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new Problem('models-sign-in-address', 'oauth.redirectUri has to be an address of this machine, like http://127.0.0.1/callback.', { next: 'Correct it in the configuration.' })
  }
  return url
}

function same(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}

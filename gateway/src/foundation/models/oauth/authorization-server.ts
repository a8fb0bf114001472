import { Problem } from '@moltbot/contract'
import type { ModelsConfig } from '../config.ts'
import { namedAddress, readDocument, safeAddress, textOf } from './speak.ts'
import type { Speaker } from './speak.ts'

export type OauthConfig = NonNullable<ModelsConfig['providers'][string]['oauth']>

/** Whoever gives out tokens for a provider, as its configuration and its own metadata describe it. */
export interface AuthorizationServer {
  issuer: string | undefined
  token: URL
  authorize: URL | undefined
  device: URL | undefined
  revoke: URL | undefined
  /** It says in its answers who it is (RFC 9207). */
  namesItself: boolean
}

/** The addresses: those of the configuration first, the rest from the issuer's metadata (RFC 8414). Rejects with a `Problem`. */
export async function findServer(provider: string, oauth: OauthConfig, speaker: Speaker, signal: AbortSignal): Promise<AuthorizationServer> {
  const own = (key: 'authorizationEndpoint' | 'tokenEndpoint' | 'deviceEndpoint' | 'revocationEndpoint'): URL | undefined =>
    oauth[key] === undefined ? undefined : safeAddress(oauth[key], `models.providers.${provider}.oauth.${key}`)
  const given = { token: own('tokenEndpoint'), authorize: own('authorizationEndpoint'), device: own('deviceEndpoint'), revoke: own('revocationEndpoint') }
  if (oauth.issuer === undefined) {
    if (given.token === undefined) throw incomplete(provider)
    return { ...given, token: given.token, issuer: undefined, namesItself: false }
  }
  const issuer = safeAddress(oauth.issuer, `models.providers.${provider}.oauth.issuer`)
  const metadata = await metadataOf(issuer, oauth.issuer, speaker, signal)
  const named = (key: string, what: string): URL | undefined => {
    const text = textOf(metadata?.[key])
    return text === undefined ? undefined : namedAddress(text, what, issuer)
  }
  const token = given.token ?? named('token_endpoint', 'the place for tokens')
  if (token === undefined) throw incomplete(provider)
  return {
    issuer: oauth.issuer, token,
    authorize: given.authorize ?? named('authorization_endpoint', 'the page to sign in'),
    device: given.device ?? named('device_authorization_endpoint', 'the place for codes'),
    revoke: given.revoke ?? named('revocation_endpoint', 'the place to revoke'),
    namesItself: metadata?.['authorization_response_iss_parameter_supported'] === true,
  }
}

/** Where RFC 8414 puts it, else where OpenID Connect does. A document of another issuer is none (mix-up). */
async function metadataOf(issuer: URL, text: string, speaker: Speaker, signal: AbortSignal): Promise<Record<string, unknown> | undefined> {
  const path = issuer.pathname === '/' ? '' : issuer.pathname.replace(/\/$/, '')
  for (const place of [`/.well-known/oauth-authorization-server${path}`, `${path}/.well-known/openid-configuration`]) {
    const found = await readDocument(speaker, new URL(place, issuer.origin), signal)
    if (found === undefined) continue
    if (found['issuer'] !== text) throw new Problem('models-sign-in-issuer', `What ${issuer.host} says about itself is of another issuer, and was not used.`, { next: 'Check models.providers.<id>.oauth.issuer: it has to be exactly what the server calls itself.', details: { fault: 'auth' } })
    return found
  }
  return undefined
}

function incomplete(provider: string): Problem {
  return new Problem('models-sign-in-incomplete', `It is not known where ${provider} gives out tokens.`, { next: `Set models.providers.${provider}.oauth.issuer, or tokenEndpoint with deviceEndpoint or authorizationEndpoint.`, details: { fault: 'auth' } })
}

import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import type { Static } from 'typebox'
import type { Credential, CredentialsDoor, SignInAttempt } from '../../foundation/models/types.ts'
import type { Rooms } from '../rooms.ts'
import { MaybeTime } from './params.ts'

const MaybeText = Type.Union([Type.String(), Type.Null()])

/** One credential of a provider, without its value. */
export const CredentialRow = Type.Object({
  profile: Type.String(),
  provider: Type.String(),
  kind: Type.Union([Type.Literal('oauth'), Type.Literal('token'), Type.Literal('api-key')]),
  from: Type.Union([Type.Literal('config'), Type.Literal('environment'), Type.Literal('vault')]),
  account: MaybeText,
  expiresAtMs: MaybeTime,
  /** It is renewed before its end without anybody. */
  renews: Type.Boolean(),
  lastUsedAtMs: MaybeTime,
  /** When it was sealed, or signed in for last; null for those of the configuration and the environment. */
  sinceMs: MaybeTime,
  /** `left-out`: the configured order does not name it. */
  state: Type.Union([Type.Literal('ready'), Type.Literal('needs-you'), Type.Literal('left-out')]),
  /** With `needs-you`: what is wrong, and the one thing to do. */
  reason: MaybeText,
  next: MaybeText,
})

export function credentialRow({ expiresAt, lastUsedAt, sinceAt, ...rest }: Credential): Static<typeof CredentialRow> {
  return { ...rest, expiresAtMs: expiresAt === null ? null : Math.round(expiresAt), lastUsedAtMs: lastUsedAt === null ? null : Math.round(lastUsedAt), sinceMs: sinceAt === null ? null : Math.round(sinceAt) }
}

/** How a sign-in with a provider stands, for every client. */
export const SignInAnswer = Type.Object({
  provider: Type.String(),
  state: Type.Union([Type.Literal('working'), Type.Literal('code'), Type.Literal('browser'), Type.Literal('done'), Type.Literal('failed')]),
  /** How often it changed so far; handed to `models.auth.wait` as `seen`, nothing in between is missed. */
  changes: Type.Integer(),
  /** One sentence for a person: what to do, or how it ended. */
  message: Type.String(),
  /** The page to open; `urlWithCode`: the same with the code typed already. */
  url: Type.Optional(Type.String()),
  urlWithCode: Type.Optional(Type.String()),
  code: Type.Optional(Type.String()),
  untilMs: Type.Optional(Type.Integer()),
  /** With `done`. */
  profile: Type.Optional(Type.String()),
  account: Type.Optional(MaybeText),
})

export function signInAnswer(provider: string, attempt: SignInAttempt): Static<typeof SignInAnswer> {
  const base = { provider, changes: attempt.changes() }
  const state = attempt.state()
  if (state.kind === 'done') return { ...base, state: 'done', message: `Signed in${state.account === null ? '' : ` as ${state.account}`}. The credential is called ${state.profile}.`, profile: state.profile, account: state.account }
  if (state.kind === 'failed') return { ...base, state: 'failed', message: state.reason }
  const { step } = state
  if (step === undefined) return { ...base, state: 'working', message: `${provider} is being asked.` }
  const until = { untilMs: Math.round(step.until) }
  return step.kind === 'device'
    ? { ...base, state: 'code', message: `Open ${step.url} on any device and type ${step.code}.`, url: step.url, ...(step.whole === undefined ? {} : { urlWithCode: step.whole }), code: step.code, ...until }
    : { ...base, state: 'browser', message: 'Open this address in a browser on the machine of the gateway, and sign in. In a browser elsewhere, hand in the address it ends at.', url: step.url, ...until }
}

/** The credentials of this gateway. Throws `Problem('models-credentials-unkept')`. */
export function credentialsOf(rooms: Pick<Rooms, 'models'>): CredentialsDoor {
  if (rooms.models.credentials === undefined) throw new Problem('models-credentials-unkept', 'This gateway keeps no credentials.', { next: 'Put keys into the configuration or the environment.' })
  return rooms.models.credentials
}

export function noSignIn(provider: string): Problem {
  return new Problem('models-sign-in-none', `No sign-in with ${provider} is under way.`, { next: 'Begin one with models.auth.start.' })
}

import type { PrincipalId, Problem, Secret, Watched } from '@moltbot/contract'

export type CredentialKind = 'oauth' | 'token' | 'api-key'

/** One credential of a provider as people see it, without its value. Times are epoch ms. */
export interface Credential {
  /** `provider:name`; `provider:config` and `provider:env` are those of the configuration and the environment. */
  profile: string
  provider: string
  kind: CredentialKind
  from: 'config' | 'environment' | 'vault'
  /** Who signed in; null: unknown. */
  account: string | null
  /** Null: it does not end, or nobody knows when. */
  expiresAt: number | null
  /** It is renewed before it ends, without anybody. */
  renews: boolean
  lastUsedAt: number | null
  /** When it was sealed, or signed in for last; null: it comes from the configuration or the environment. */
  sinceAt: number | null
  /** `left-out`: the configured order does not name it. */
  state: 'ready' | 'needs-you' | 'left-out'
  /** With `needs-you`: what is wrong, and the one thing to do. */
  reason: string | null
  next: string | null
}

/** How a sign-in stands. */
export type SignInState =
  | { kind: 'going'; step: SignInStep | undefined }
  | { kind: 'done'; profile: string; account: string | null }
  | { kind: 'failed'; reason: string }

/** One person's sign-in with a provider. */
export interface SignInAttempt extends Watched<SignInState> {
  /** Takes the address a browser on another machine ended at. Throws a `Problem` for another one. */
  handIn(address: string): void
  /** Gives it up. Resolves when it is over. */
  stop(): Promise<void>
}

/** The credentials of the providers, for people. Methods reject with a `Problem`. */
export interface CredentialsDoor {
  /** By provider, in the order in which they are used; those that are left out last. */
  list(): Promise<Credential[]>
  /** The ways to sign in with each provider that has any. */
  ways(): Record<string, ('device' | 'browser')[]>
  /** Begins a sign-in; an earlier one with the provider is given up. `way` absent: a code to type elsewhere where the server has it, else a browser. */
  signIn(wish: { provider: string; name?: string; way?: 'device' | 'browser'; by: PrincipalId }): Promise<SignInAttempt>
  /** The latest sign-in with the provider; undefined: none since the start. */
  attemptOf(provider: string): SignInAttempt | undefined
  /** Seals a key or token that somebody pasted. */
  add(given: { provider: string; name: string; kind: 'token' | 'api-key'; value: string; expiresAt?: number; by: PrincipalId }): Promise<Credential>
  /** Forgets it here and has the provider take it back. `revoked` null: there was nothing to take back; false: the provider could not be told. */
  remove(profile: string, by: PrincipalId): Promise<{ revoked: boolean | null }>
}

/** One act on a credential, for the record. Never holds a value. `principal` null: nobody asked for it. */
export interface CredentialAct { act: 'credential.added' | 'credential.removed' | 'credential.needs-you'; principal: PrincipalId | null; subject: string; outcome: 'done' | 'failed'; reason: string }

/** Who seals: texts bound to facts, under a key this room never sees. Rejects while the vault is locked. */
export interface Sealer {
  open(): Promise<{ seal(facts: readonly string[], text: string): string; unseal(facts: readonly string[], sealed: string): string }>
}

/** A credential as a call uses it. */
export interface UsableCredential {
  profile: string
  /** What its cooldowns are kept under. */
  subject: string
  /** Goes into `Authorization` whatever the format's own header is. */
  bearer: boolean
  /** Why it cannot be used, as far as is known without asking anybody. */
  fault: Problem | undefined
  /** Tells values apart; another one after each change. */
  mark(): string
  /** The value, renewed where that is due. Rejects with a `Problem`. */
  open(): Promise<Secret>
  /** After a refusal of `stale`: another one, or undefined when there is none. */
  renew(stale: Secret): Promise<Secret | undefined>
}

/** What a person does next. `until` is epoch ms. */
export type SignInStep =
  /** Open `url` anywhere, a telephone too, and type `code`. `whole`: the same with the code in it. */
  | { kind: 'device'; url: string; whole?: string; code: string; until: number }
  /** Open `url` in a browser on the machine of the gateway; elsewhere, hand in the address it ends at. */
  | { kind: 'browser'; url: string; until: number }

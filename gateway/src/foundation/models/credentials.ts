import { createHash } from 'node:crypto'
import { Problem, Secret, describeError } from '@moltbot/contract'
import type { Clock, ConfigView, Logger, ModelFetch, NewId, PrincipalId, SecretSource, Store } from '@moltbot/contract'
import { authSection } from './config.ts'
import { CredentialRows } from './credential-rows.ts'
import type { CredentialRow } from './credential-rows.ts'
import type { Credential, CredentialAct, CredentialKind, CredentialsDoor, Sealer, SignInAttempt, UsableCredential } from './types.ts'
import { Renewals, signInAgain } from './oauth/renew.ts'
import { sendForm } from './oauth/speak.ts'
import type { Speaker } from './oauth/speak.ts'
import { parseTokens } from './oauth/tokens.ts'
import type { Tokens } from './oauth/tokens.ts'
import { baseOf } from './pinned-fetch.ts'
import type { KnownProvider } from './providers.ts'
import { sealedCredentials } from './sealed-credentials.ts'
import type { SealedCredentials } from './sealed-credentials.ts'

export interface CredentialsOptions {
  config: ConfigView
  secrets: SecretSource
  store: Store
  clock: Clock
  log: Logger
  newId: NewId
  fetch: ModelFetch
  providers(): KnownProvider[]
  /** Absent: nothing can be kept here, and nobody signs in. */
  sealer?: Sealer
  random?: (bytes: number) => Buffer
  /** Hears every token before it is used, so that logs can hide it. */
  hide?(value: string): void
  /** Hears every token that is replaced, once it is. */
  forget?(value: string): void
  /** Everything is stopped: nothing is renewed ahead of time. */
  held?(): boolean
  record?(act: CredentialAct): Promise<void>
  /** A person has to do something. Called once for each time. */
  needsYou?(sentence: string, profile: string): void
  /** Called when the default model may have become another. */
  changed(): void
}

/** Of which a conversation remembers its own. */
const pinsMax = 1_000
const usedEveryMs = 60_000
const lookAheadMs = 60_000
const rank: Readonly<Record<CredentialKind, number>> = { oauth: 0, token: 1, 'api-key': 2 }
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/

/** Which credentials there are for a provider, in which order they are used, and how sign-ins begin, live and end. */
export class Credentials {
  readonly #options: CredentialsOptions
  readonly #rows: CredentialRows
  readonly #renewals: Renewals
  readonly #sealed: SealedCredentials | undefined
  readonly #speaker: Speaker
  readonly #pins = new Map<string, string>()
  readonly #lastUsed = new Map<string, number>()
  readonly #attempts = new Map<string, SignInAttempt>()
  #known: readonly string[] = []
  #cancelAhead: () => void = () => undefined
  #stopped = false
  readonly door: CredentialsDoor

  constructor(options: CredentialsOptions) {
    this.#options = options
    this.#rows = new CredentialRows(options.store)
    this.#sealed = options.sealer === undefined ? undefined : sealedCredentials(options.store, options.sealer)
    this.#speaker = { fetch: options.fetch, clock: options.clock }
    this.#renewals = new Renewals({
      rows: this.#rows, speaker: this.#speaker, clock: options.clock, log: options.log, newId: options.newId,
      read: (profile) => this.#tokens(profile),
      write: (profile, tokens) => this.#seal(profile, tokens),
      clientSecret: (profile) => this.#clientSecret(providerOf(profile)),
      lost: (profile, reason) => this.#lost(profile, reason),
    })
    this.door = {
      list: () => this.#list(),
      ways: () => Object.fromEntries(options.sealer === undefined ? [] : options.providers().map((provider) => [provider.id, waysOf(provider)] as const).filter(([, ways]) => ways.length > 0)),
      signIn: (wish) => this.#signIn(wish),
      attemptOf: (provider) => this.#attempts.get(provider),
      add: (given) => this.#add(given),
      remove: (profile, by) => this.#remove(profile, by),
    }
  }

  /** Profiles that are known for a provider, for names that end in one (`model@work`). Those of the store as they were at the last look. */
  isProfile(provider: string, name: string): string | undefined {
    const profile = name.includes(':') ? name : `${provider}:${name}`
    return providerOf(profile) === provider && (this.#known.includes(profile) || profile === `${provider}:config` || profile === `${provider}:env`) ? profile : undefined
  }

  /** In the order in which they are to be used: those that can be used first. Empty: there are none. */
  async of(provider: KnownProvider, session: string | undefined, wanted?: string): Promise<UsableCredential[]> {
    const all = await this.#ordered(provider)
    const pinned = wanted ?? (session === undefined ? undefined : this.#pins.get(pinKey(provider.id, session)))
    const sorted = pinned === undefined ? all : [...all.filter(({ profile }) => profile === pinned), ...all.filter(({ profile }) => profile !== pinned)]
    return [...sorted.filter(({ fault }) => fault === undefined), ...sorted.filter(({ fault }) => fault !== undefined)]
  }

  /** It answered: the conversation stays with it. */
  async answered(provider: string, profile: string, session: string | undefined): Promise<void> {
    const now = this.#options.clock.now()
    if (session !== undefined) {
      const key = pinKey(provider, session)
      this.#pins.delete(key)
      this.#pins.set(key, profile)
      for (const oldest of this.#pins.keys()) {
        if (this.#pins.size <= pinsMax) break
        this.#pins.delete(oldest)
      }
    }
    const before = this.#lastUsed.get(profile) ?? 0
    this.#lastUsed.set(profile, now)
    if (now - before >= usedEveryMs && this.#known.includes(profile)) await this.#rows.used(profile, now)
  }

  async start(): Promise<void> {
    const rows = await this.#read()
    for (const row of rows) {
      try {
        const tokens = row.kind === 'oauth' ? await this.#tokens(row.profile) : undefined
        if (tokens !== undefined) this.#hide(tokens.access, tokens.refresh)
      } catch (error) {
        this.#options.log.warn('a sign-in could not be read', { profile: row.profile, error: describeError(error) })
      }
    }
  }

  /** Renews ahead of time also while nobody asks for anything, so that an end of it is noticed before it is needed. */
  watch(): void {
    if (this.#stopped) return
    this.#cancelAhead()
    this.#cancelAhead = this.#options.clock.after(lookAheadMs, () => {
      void this.#lookAhead().finally(() => this.watch())
    })
  }

  stop(): void {
    this.#stopped = true
    this.#cancelAhead()
    this.#renewals.stop()
    for (const attempt of this.#attempts.values()) void attempt.stop()
  }

  async #lookAhead(): Promise<void> {
    if (this.#options.held?.() === true) return
    try {
      for (const row of await this.#read()) {
        if (row.kind !== 'oauth' || row.needs !== null) continue
        await this.#renewals.fresh(row.profile).catch((error: unknown) => this.#options.log.warn('a sign-in was not renewed ahead of time', { profile: row.profile, error: describeError(error) }))
      }
    } catch (error) {
      this.#options.log.warn('sign-ins could not be looked at', { error: describeError(error) })
    }
  }

  /** The rows, and their names for questions that must be answered at once. Without a place for values there are none. */
  async #read(): Promise<CredentialRow[]> {
    if (this.#sealed === undefined) return []
    const rows = await this.#rows.all()
    this.#known = rows.map(({ profile }) => profile)
    return rows
  }

  async #tokens(profile: string): Promise<Tokens | undefined> {
    const secret = await this.#sealed?.get(profile)
    return secret === undefined ? undefined : parseTokens(secret.open(`signing in as ${profile}`))
  }

  async #seal(profile: string, tokens: Tokens): Promise<void> {
    this.#hide(tokens.access, tokens.refresh)
    const before = await this.#tokens(profile)
    await this.#sealed?.set(profile, JSON.stringify(tokens))
    for (const value of [before?.access, before?.refresh]) if (value !== undefined && value !== tokens.access && value !== tokens.refresh) this.#options.forget?.(value)
  }

  #hide(...values: (string | undefined)[]): void {
    for (const value of values) if (value !== undefined) this.#options.hide?.(value)
  }

  async #clientSecret(provider: string): Promise<string | undefined> {
    return (await this.#options.secrets.get(`models.providers.${provider}.oauth.clientSecret`))?.open(`signing in with ${provider}`)
  }

  async #lost(profile: string, reason: string): Promise<void> {
    if (!(await this.#rows.needs(profile, reason))) return
    const next = signInAgain(profile)
    this.#options.log.warn('a sign-in needs a person', { profile, reason })
    await this.#record({ act: 'credential.needs-you', principal: null, subject: profile, outcome: 'failed', reason })
    this.#options.needsYou?.(`The sign-in ${profile} needs you: ${reason} ${next}`, profile)
    this.#options.changed()
  }

  async #record(act: CredentialAct): Promise<void> {
    await this.#options.record?.(act)
  }

  // ---- which there are

  async #ordered(provider: KnownProvider): Promise<(UsableCredential & { row?: CredentialRow; kind: CredentialKind; from: Credential['from'] })[]> {
    const all = await this.#all(provider)
    const order = this.#orderOf(provider.id)
    if (order !== undefined) return order.flatMap((profile) => all.find((each) => each.profile === profile) ?? [])
    const last = ({ profile, row }: (typeof all)[number]): number => this.#lastUsed.get(profile) ?? row?.lastUsedAt ?? 0
    return all.filter(({ standby }) => !standby).sort((a, b) => rank[a.kind] - rank[b.kind] || last(a) - last(b))
  }

  #orderOf(provider: string): string[] | undefined {
    const order = this.#options.config.get(authSection).order?.[provider]
    return order === undefined || order.length === 0 ? undefined : order.map((name) => (name.includes(':') ? name : `${provider}:${name}`))
  }

  async #all(provider: KnownProvider): Promise<(UsableCredential & { row?: CredentialRow; kind: CredentialKind; from: Credential['from']; standby: boolean })[]> {
    const rows = (await this.#read()).filter((row) => row.provider === provider.id)
    const all = await Promise.all(rows.map(async (row) => ({ ...(await this.#sealedOne(provider, row)), row, kind: row.kind, from: 'vault' as const, standby: false })))
    const configured = await this.#options.secrets.get(`models.providers.${provider.id}.apiKey`)
    const given = await this.#fromEnvironment(provider)
    const plain = (name: string, secret: Secret, from: Credential['from'], standby: boolean) => ({
      ...staticOne(`${provider.id}:${name}`, provider.id, secret, provider.auth === 'bearer'), kind: (provider.auth === 'bearer' ? 'token' : 'api-key') as CredentialKind, from, standby,
    })
    return [
      ...all,
      ...(configured === undefined ? [] : [plain('config', configured, 'config', false)]),
      // The configuration's own key is the one that is meant; the environment's counts beside it only where the order names it.
      ...(given === undefined ? [] : [plain('env', given, 'environment', configured !== undefined)]),
    ]
  }

  async #fromEnvironment(provider: KnownProvider): Promise<Secret | undefined> {
    for (const name of provider.keyNames) {
      const found = await this.#options.secrets.get(`env:${name}`)
      if (found !== undefined) return found
    }
    return undefined
  }

  async #sealedOne(provider: KnownProvider, row: CredentialRow): Promise<UsableCredential> {
    const { profile } = row
    const secretOf = (value: string): Secret => new Secret(profile, value)
    if (row.kind !== 'oauth') {
      let secret: Secret | undefined
      let fault: Problem | undefined
      try {
        secret = await this.#sealed?.get(profile)
        if (secret === undefined) fault = new Problem('models-credential-missing', `${profile} is not in the vault any more.`, { next: `Add it again: moltbot models auth add --provider ${provider.id}`, details: { fault: 'auth' } })
        else if (row.expiresAt !== null && row.expiresAt <= this.#options.clock.now()) fault = new Problem('models-credential-expired', `${profile} is over.`, { next: `Add a new one: moltbot models auth add --provider ${provider.id}`, details: { fault: 'auth' } })
      } catch (error) {
        fault = error instanceof Problem ? error : new Problem('models-credential-missing', describeError(error), { details: { fault: 'auth' } })
      }
      const value = secret
      return {
        profile, subject: profile, bearer: row.kind === 'token', fault, mark: () => (value === undefined ? '' : fingerprint(value)),
        open: () => (value === undefined ? Promise.reject(fault ?? new Error('no value')) : Promise.resolve(value)), renew: async () => undefined,
      }
    }
    const bound = (tokens: { audience: string; access: string }): Secret => {
      if (tokens.audience !== baseOf(provider).origin) throw new Problem('models-sign-in-elsewhere', `The sign-in ${profile} was made for ${tokens.audience}, and was not sent to ${baseOf(provider).origin}.`, { next: signInAgain(profile), details: { fault: 'auth' } })
      return secretOf(tokens.access)
    }
    let fault = row.needs === null ? undefined : new Problem('models-sign-in-over', row.needs, { next: signInAgain(profile), details: { fault: 'auth' } })
    let mark = ''
    try {
      const tokens = await this.#renewals.current(profile)
      if (tokens === undefined) fault ??= new Problem('models-sign-in-over', `The sign-in ${profile} is not in the vault any more.`, { next: signInAgain(profile), details: { fault: 'auth' } })
      else mark = fingerprint(bound(tokens))
    } catch (error) {
      fault ??= error instanceof Problem ? error : new Problem('models-sign-in-over', describeError(error), { details: { fault: 'auth' } })
    }
    return {
      profile, subject: profile, bearer: true, fault, mark: () => mark,
      open: async () => {
        const secret = bound(await this.#renewals.fresh(profile))
        mark = fingerprint(secret)
        return secret
      },
      renew: async (stale) => {
        const secret = bound(await this.#renewals.fresh(profile, stale.open(`renewing ${profile}`)))
        mark = fingerprint(secret)
        return secret.equals(stale) ? undefined : secret
      },
    }
  }

  async #list(): Promise<Credential[]> {
    const listed: Credential[] = []
    for (const provider of this.#options.providers()) {
      const used = await this.#ordered(provider)
      const rest = (await this.#all(provider)).filter(({ profile }) => !used.some((each) => each.profile === profile))
      const shown = (each: (typeof used)[number], state: Credential['state']): Credential => ({
        profile: each.profile, provider: provider.id, kind: each.kind, from: each.from, account: each.row?.account ?? null, expiresAt: each.row?.expiresAt ?? null, renews: each.row?.renews === true,
        lastUsedAt: this.#lastUsed.get(each.profile) ?? each.row?.lastUsedAt ?? null, sinceAt: each.row?.createdAt ?? null, state: each.fault === undefined ? state : 'needs-you', reason: each.fault?.message ?? null, next: each.fault?.next ?? null,
      })
      listed.push(...used.map((each) => shown(each, 'ready')), ...rest.map((each) => shown(each, 'left-out')))
    }
    return listed
  }

  // ---- people

  #place(provider: string): { known: KnownProvider; sealed: SealedCredentials; random: (bytes: number) => Buffer } {
    const known = this.#options.providers().find(({ id }) => id === provider)
    if (known === undefined) throw new Problem('models-provider-unknown', `There is no provider called "${provider}".`, { next: 'See which there are: moltbot models list --all' })
    const { random } = this.#options
    const sealed = this.#sealed
    if (sealed === undefined || random === undefined) throw new Problem('models-credentials-unkept', 'This gateway has no place to seal credentials in.', { next: 'Put the key into ~/.moltbot/secrets.env.' })
    return { known, sealed, random }
  }

  async #signIn(wish: Parameters<CredentialsDoor['signIn']>[0]): Promise<SignInAttempt> {
    const { known, sealed, random } = this.#place(wish.provider)
    const { oauth, keySignIn } = known
    const begin = oauth !== undefined ? () => this.#signInForTokens(known, oauth, wish, random) : keySignIn !== undefined ? () => this.#signInForKey(known, keySignIn, wish, random) : undefined
    if (begin === undefined) {
      throw new Problem('models-sign-in-unsupported', `It is not known how to sign in with ${known.label}.`, { next: `Set models.providers.${known.id}.oauth (issuer and clientId), or add a key: moltbot models auth add --provider ${known.id}` })
    }
    if (wish.name !== undefined && !namePattern.test(wish.name)) throw badName(wish.name)
    // What nobody could seal afterwards is not asked for.
    await sealed.check()
    await this.#attempts.get(known.id)?.stop()
    const attempt = await begin()
    // Of two that were begun at once the later one stays.
    void this.#attempts.get(known.id)?.stop()
    this.#attempts.set(known.id, attempt)
    return attempt
  }

  async #signInForTokens(known: KnownProvider, oauth: NonNullable<KnownProvider['oauth']>, wish: Parameters<CredentialsDoor['signIn']>[0], random: (bytes: number) => Buffer): Promise<SignInAttempt> {
    const audience = baseOf(known).origin
    const { beginSignIn } = await import('./oauth/sign-in.ts')
    return beginSignIn({
      provider: known.id, oauth, way: wish.way, speaker: this.#speaker, random, clientSecret: await this.#clientSecret(known.id), audience,
      keep: async (tokens, account) => {
        const name = wish.name ?? (account === undefined ? 'default' : account.replaceAll(/[^A-Za-z0-9._@-]/g, '-').slice(0, 100))
        const profile = `${known.id}:${namePattern.test(name) ? name : 'default'}`
        await this.#renewals.idle(profile)
        this.#renewals.forget(profile)
        await this.#seal(profile, tokens)
        await this.#rows.put({ profile, provider: known.id, kind: 'oauth', account: account ?? null, expiresAt: tokens.expiresAt ?? null, renews: tokens.refresh !== undefined }, this.#options.clock.now())
        await this.#read()
        await this.#record({ act: 'credential.added', principal: wish.by, subject: profile, outcome: 'done', reason: 'somebody signed in' })
        this.#options.changed()
        return profile
      },
    })
  }

  async #signInForKey(known: KnownProvider, { page, keys }: NonNullable<KnownProvider['keySignIn']>, wish: Parameters<CredentialsDoor['signIn']>[0], random: (bytes: number) => Buffer): Promise<SignInAttempt> {
    const { beginKeySignIn } = await import('./oauth/sign-in-for-key.ts')
    return beginKeySignIn({
      label: known.label, page, keys, way: wish.way, speaker: this.#speaker, random,
      keep: async (value) => (await this.#add({ provider: known.id, name: wish.name ?? 'default', kind: 'api-key', value, by: wish.by }, 'somebody signed in')).profile,
    })
  }

  async #add({ provider, name, kind, value, expiresAt, by }: Parameters<CredentialsDoor['add']>[0], reason = 'somebody gave it'): Promise<Credential> {
    const { known, sealed } = this.#place(provider)
    if (!namePattern.test(name) || name === 'config' || name === 'env') throw badName(name)
    if (!/^[\x21-\x7e]{8,16384}$/.test(value)) throw new Problem('models-key-unusable', 'This is no key: it is too short, or holds blanks or characters that no key has.', { next: 'Copy it again, without what stands around it.' })
    const profile = `${known.id}:${name}`
    this.#hide(value)
    await this.#renewals.idle(profile)
    this.#renewals.forget(profile)
    await sealed.set(profile, value)
    await this.#rows.put({ profile, provider: known.id, kind, account: null, expiresAt: expiresAt ?? null, renews: false }, this.#options.clock.now())
    await this.#record({ act: 'credential.added', principal: by, subject: profile, outcome: 'done', reason })
    this.#options.changed()
    const added = (await this.#list()).find((each) => each.profile === profile)
    if (added === undefined) throw new Error(`${profile} is gone`)
    return added
  }

  async #remove(profile: string, by: PrincipalId): Promise<{ revoked: boolean | null }> {
    const row = await this.#rows.get(profile)
    const sealed = this.#sealed
    if (row === undefined || sealed === undefined) {
      const elsewhere = profile.endsWith(':config') || profile.endsWith(':env')
      throw new Problem('models-credential-unknown', `There is no credential ${profile} in the vault.`, { next: elsewhere ? 'It stands in the configuration or the environment: remove it there.' : 'See which there are: moltbot models auth list' })
    }
    await this.#renewals.idle(profile)
    const revoked = row.kind === 'oauth' ? await this.#revoke(profile) : null
    this.#renewals.forget(profile)
    await sealed.remove(profile)
    await this.#rows.remove(profile)
    await this.#read()
    await this.#record({ act: 'credential.removed', principal: by, subject: profile, outcome: revoked === false ? 'failed' : 'done', reason: revoked === false ? 'forgotten here; the provider could not be told' : 'asked for' })
    this.#options.changed()
    return { revoked }
  }

  /** RFC 7009: both tokens, the one that lives longer first. Null: the server takes none back. */
  async #revoke(profile: string): Promise<boolean | null> {
    try {
      const tokens = await this.#renewals.current(profile)
      if (tokens?.revoke === undefined) return null
      const secret = await this.#clientSecret(providerOf(profile))
      const given: [string, string][] = [...(tokens.refresh === undefined ? [] : [['refresh_token', tokens.refresh] as [string, string]]), ['access_token', tokens.access]]
      for (const [hint, token] of given) {
        const { status } = await sendForm(this.#speaker, new URL(tokens.revoke), { token, token_type_hint: hint, client_id: tokens.clientId, client_secret: secret }, new AbortController().signal)
        // A server that takes back only one kind says so; the other is over with it or ends by itself soon.
        if (status !== 200 && hint === 'refresh_token') return false
      }
      return true
    } catch (error) {
      this.#options.log.warn('a sign-in could not be revoked', { profile, error: describeError(error) })
      return false
    }
  }
}

function waysOf({ oauth, keySignIn }: Pick<KnownProvider, 'oauth' | 'keySignIn'>): ('device' | 'browser')[] {
  if (oauth === undefined) return keySignIn === undefined ? [] : ['browser']
  // What only the issuer's metadata says is found out when somebody signs in.
  const open = oauth.issuer !== undefined
  return [...(open || oauth.deviceEndpoint !== undefined ? ['device' as const] : []), ...(open || oauth.authorizationEndpoint !== undefined ? ['browser' as const] : [])]
}

function staticOne(profile: string, subject: string, secret: Secret, bearer: boolean): UsableCredential {
  let mark: string | undefined
  return { profile, subject, bearer, fault: undefined, mark: () => (mark ??= fingerprint(secret)), open: () => Promise.resolve(secret), renew: async () => undefined }
}

/** Enough to tell keys apart, too little to find one. */
function fingerprint(secret: Secret): string {
  return createHash('sha256').update(`moltbot ${secret.open('telling keys apart')}`).digest('hex').slice(0, 12)
}

function providerOf(profile: string): string {
  return profile.slice(0, profile.indexOf(':'))
}

function pinKey(provider: string, session: string): string {
  return `${provider} ${session}`
}

function badName(name: string): Problem {
  return new Problem('models-profile-name', `"${name.slice(0, 60)}" is no name for a credential.`, { next: 'Use letters, digits, `.`, `-`, `_` and `@`; `config` and `env` are taken.' })
}

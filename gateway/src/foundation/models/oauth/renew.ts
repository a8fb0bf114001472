import { createHash } from 'node:crypto'
import { Problem, describeError } from '@moltbot/contract'
import type { Clock, Logger, NewId } from '@moltbot/contract'
import type { CredentialRows } from '../credential-rows.ts'
import type { Speaker } from './speak.ts'
import { askForTokens, dueAt, Refused, tokensOf } from './tokens.ts'
import type { Tokens } from './tokens.ts'

export interface RenewalOptions {
  rows: CredentialRows
  speaker: Speaker
  clock: Clock
  log: Logger
  newId: NewId
  read(profile: string): Promise<Tokens | undefined>
  /** Resolves once they are sealed. */
  write(profile: string, tokens: Tokens): Promise<void>
  clientSecret(profile: string): Promise<string | undefined>
  /** A person has to sign in again. */
  lost(profile: string, reason: string): Promise<void>
}

/** Longer than any request to the server takes. */
const leaseMs = 30_000
const lookAgainMs = 250
const othersMs = 20_000
/** After a renewal to which nobody answered, while the old token still counts. */
const againMs = 30_000

/**
 * Keeps sign-ins alive. One renewal at a time for each, in this process and among all that share the store and the vault, so that no refresh
 * token is sent twice; what is sent is noted before, so that a crash in between is told as what it was.
 */
export class Renewals {
  readonly #options: RenewalOptions
  readonly #running = new Map<string, Promise<Tokens>>()
  readonly #notBefore = new Map<string, number>()
  /** Given out and not sealed, because the vault could not be written: used, and sealed at the next opportunity. */
  readonly #unsealed = new Map<string, Tokens>()
  readonly #control = new AbortController()

  constructor(options: RenewalOptions) {
    this.#options = options
  }

  /** As they are now. Undefined: nothing is sealed under this profile. */
  async current(profile: string): Promise<Tokens | undefined> {
    return this.#unsealed.get(profile) ?? (await this.#options.read(profile))
  }

  /** Tokens that count, renewed where that is due. `stale`: an access token that was refused. Rejects with a `Problem` when there are none. */
  async fresh(profile: string, stale?: string): Promise<Tokens> {
    const { clock } = this.#options
    const tokens = this.#running.has(profile) ? undefined : await this.current(profile)
    // Another call may have begun meanwhile.
    const running = this.#running.get(profile)
    if (running !== undefined) return running
    if (tokens === undefined) throw gone(profile)
    if (!this.#isDue(profile, tokens, stale)) return tokens
    const work = this.#renew(profile, tokens, stale).catch((error: unknown) => {
      // What is due is not over: the old one serves as long as it counts.
      if (stale !== undefined || (tokens.expiresAt ?? Infinity) <= clock.now()) throw error
      this.#notBefore.set(profile, clock.now() + againMs)
      return tokens
    }).finally(() => this.#running.delete(profile))
    this.#running.set(profile, work)
    return work
  }

  /** Resolves when no renewal of it is under way in this process. */
  async idle(profile: string): Promise<void> {
    await this.#running.get(profile)?.catch(() => undefined)
  }

  forget(profile: string): void {
    this.#unsealed.delete(profile)
    this.#notBefore.delete(profile)
  }

  stop(): void {
    this.#control.abort()
  }

  #isDue(profile: string, tokens: Tokens, stale: string | undefined): boolean {
    const now = this.#options.clock.now()
    if (stale !== undefined) return tokens.access === stale
    if (this.#unsealed.has(profile)) return true
    const due = dueAt(tokens)
    if (due === undefined || due > now) return false
    return (tokens.expiresAt ?? 0) <= now || (tokens.refresh !== undefined && (this.#notBefore.get(profile) ?? 0) <= now)
  }

  async #renew(profile: string, known: Tokens, stale: string | undefined): Promise<Tokens> {
    const { rows, clock, newId } = this.#options
    const waiting = this.#unsealed.get(profile)
    if (waiting !== undefined) {
      await this.#seal(profile, waiting)
      if (!this.#isDue(profile, waiting, stale)) return waiting
    }
    const lease = newId('lease')
    const giveUpAt = clock.now() + othersMs
    while (!(await rows.lease(profile, lease, clock.now(), clock.now() + leaseMs))) {
      if ((await rows.get(profile)) === undefined) throw gone(profile)
      await new Promise<void>((resolve) => void clock.after(lookAgainMs, resolve))
      const now = await this.current(profile)
      if (now !== undefined && now.access !== known.access) return now
      if (clock.now() >= giveUpAt) throw new Problem('models-sign-in-unreachable', `Another process is renewing the sign-in ${profile} and does not come to an end.`, { next: 'Try again.', details: { fault: 'network' } })
    }
    try {
      const tokens = await this.current(profile)
      if (tokens === undefined) throw gone(profile)
      // Somebody was quicker.
      if (tokens.access !== known.access) return tokens
      return await this.#spend(profile, tokens)
    } finally {
      await rows.release(profile, lease)
    }
  }

  async #spend(profile: string, tokens: Tokens): Promise<Tokens> {
    const { rows, speaker, clock, log } = this.#options
    if (tokens.refresh === undefined) return this.#lost(profile, 'The sign-in is over and cannot be renewed by itself.')
    const mark = createHash('sha256').update(tokens.refresh).digest('hex').slice(0, 16)
    const wasSent = (await rows.get(profile))?.spending === mark
    await rows.spends(profile, mark)
    let renewed: Tokens
    try {
      const client = { token: new URL(tokens.token), clientId: tokens.clientId, clientSecret: await this.#options.clientSecret(profile) }
      renewed = tokensOf(await askForTokens(client, { grant_type: 'refresh_token', refresh_token: tokens.refresh }, speaker, this.#control.signal), clock.now(), tokens)
    } catch (error) {
      if (!(error instanceof Refused) || ['temporarily_unavailable', 'server_error', 'slow_down'].includes(error.error)) {
        log.warn('a sign-in could not be renewed', { profile, error: describeError(error) })
        throw error
      }
      // Somebody else, whose lease had run out, was quicker all the same.
      const now = await this.current(profile)
      if (now !== undefined && now.refresh !== tokens.refresh) return now
      const reason = wasSent
        ? 'New tokens were asked for once and never sealed, because the gateway stopped or the line broke in between, and the provider gives out none for the old ones.'
        : `The provider does not renew the sign-in any more (${error.error}).`
      return this.#lost(profile, reason)
    }
    this.#notBefore.delete(profile)
    if ((await rows.get(profile)) === undefined) throw gone(profile)
    await this.#seal(profile, renewed)
    return renewed
  }

  /** Never rejects: tokens that are out are used, sealed or not. */
  async #seal(profile: string, tokens: Tokens): Promise<void> {
    const { rows, log } = this.#options
    try {
      await this.#options.write(profile, tokens)
      this.#unsealed.delete(profile)
      await rows.renewed(profile, tokens.expiresAt ?? null, tokens.refresh !== undefined)
    } catch (error) {
      this.#unsealed.set(profile, tokens)
      log.error('Renewed tokens could not be sealed; they are kept in memory until they are.', { profile, error: describeError(error) })
    }
  }

  async #lost(profile: string, reason: string): Promise<never> {
    await this.#options.lost(profile, reason)
    throw new Problem('models-sign-in-over', reason, { next: signInAgain(profile), details: { fault: 'auth' } })
  }
}

/** The one thing to do. */
export function signInAgain(profile: string): string {
  const [provider = '', name = ''] = [profile.slice(0, profile.indexOf(':')), profile.slice(profile.indexOf(':') + 1)]
  return `Sign in again: moltbot models auth login --provider ${provider}${name === 'default' ? '' : ` --profile ${name}`}`
}

function gone(profile: string): Problem {
  return new Problem('models-sign-in-over', `The sign-in ${profile} is not in the vault any more.`, { next: signInAgain(profile), details: { fault: 'auth' } })
}

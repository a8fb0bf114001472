import { createHash, timingSafeEqual } from 'node:crypto'
import { lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Problem, type Clock, type PrincipalId, type Secret, type Store, type Tx } from '@moltbot/contract'
import { readGuesses, writeGuesses } from './ledger.ts'
import type { HaltActor, HaltFactor } from './types.ts'

/** Wrong codes in a row until none is looked at for a while. Six digits, one step back: about 1 in 70,000 for each five. */
const wrongMax = 5
const lockedForMs = 15 * 60_000
const stepMs = 30_000
/** How long a new authenticator waits for its first code. */
const firstCodeMs = 10 * 60_000
/** Names of the vault nobody reads by its desk: whoever could would have the second factor with the first. */
export const factorSecrets: readonly string[] = ['panic-authenticator', 'panic-recovery']
const [secretName = '', recoveryName = ''] = factorSecrets
/** Without letters and digits that look alike. */
const alphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Where the authenticator's secret is kept. */
export interface FactorVault {
  get(name: string): Secret | undefined
  set(name: string, value: string): Promise<void>
  remove(name: string): Promise<unknown>
}

export interface SecondFactor {
  which(): HaltFactor
  /** Makes sure that the private file with the local code exists. */
  writeLocalCode(): string
  /** The code is no longer asked for. */
  dropLocalCode(): void
  /** Resolves when the code was right; it is used up by that. */
  prove(by: HaltActor, code: string | undefined): Promise<void>
  /** `wait`: it counts after `confirm`. */
  enroll(by: HaltActor, wait: boolean): Promise<{ uri: string; secret: string; recovery: string }>
  confirm(by: HaltActor, code: string): Promise<void>
  unenroll(): Promise<void>
}

export function createSecondFactor(options: {
  store: Store
  /** Real time, by which authenticators count. */
  clock: Clock
  vault: FactorVault
  file: string
  random(bytes: number): Buffer
  label: string
  /** A wrong code, for the record. */
  onWrong(tx: Tx, by: HaltActor, locked: boolean): Promise<void>
}): SecondFactor {
  const { store, clock, vault, file } = options
  const which = (): HaltFactor => {
    try {
      return vault.get(secretName) === undefined ? 'local' : 'totp'
    } catch {
      // The vault is locked or broken, and an authenticator may be in it: a panic goes on, and no lesser code counts in its place.
      return 'totp'
    }
  }
  // One code is looked at after the other: side by side each would count as the first wrong one.
  let looking: Promise<unknown> = Promise.resolve()
  /** Shown, and not yet known to have reached an authenticator. Never written down. */
  let shown: { by: PrincipalId; secret: string; recovery: string; until: number; wrong: number } | undefined

  function localCode(): string | undefined {
    try {
      // Whoever can put a link there, or make it readable, chooses the code.
      const facts = lstatSync(file)
      if (!facts.isFile() || (facts.mode & 0o077) !== 0) return undefined
      return readFileSync(file, 'utf8').trim()
    } catch {
      // There is none: the caller makes one, or finds nothing to compare with.
      return undefined
    }
  }

  function writeLocalCode(): string {
    if (localCode() === undefined) {
      rmSync(file, { force: true })
      writeFileSync(file, `${grouped(wordOf(options.random(8)))}\n`, { mode: 0o600, flag: 'wx' })
    }
    return file
  }

  /** The step the code belongs to; undefined: wrong. A step counts once. */
  async function stepOf(secret: string | undefined, code: string, lastStep: number): Promise<number | undefined> {
    if (secret === undefined || !/^\d{6}$/.test(code)) return undefined
    const { Secret: Key, TOTP } = await import('otpauth')
    const totp = new TOTP({ secret: Key.fromBase32(secret), digits: 6, period: stepMs / 1000 })
    const delta = totp.validate({ token: code, timestamp: clock.now(), window: 1 })
    if (delta === null) return undefined
    const step = Math.floor(clock.now() / stepMs) + delta
    return step > lastStep ? step : undefined
  }

  async function lookAt(by: HaltActor, given: string | undefined): Promise<void> {
    const factor = which()
    if (factor === 'local') {
      if (by.via === 'chat') throw new Problem('halt-code-local', 'No authenticator is enrolled, so only the machine itself can do this.', { next: 'On the machine run: moltbot resume. For the next time: moltbot panic --enroll' })
      writeLocalCode()
    }
    const code = plain(given)
    if (code === '') throw new Problem('halt-code-needed', factor === 'totp' ? 'This needs the code of your authenticator.' : 'This needs the code that lies in a file of the gateway\'s machine.', { next: factor === 'totp' ? 'Give the six digits it shows now.' : `Read it there: ${file}` })
    const before = await readGuesses(store.read)
    if (before.lockedUntil > clock.now()) throw new Problem('halt-code-locked', 'There were too many wrong codes.', { next: `Try again in ${Math.ceil((before.lockedUntil - clock.now()) / 60_000)} minutes.` })
    const step = factor === 'totp' ? await stepOf(vault.get(secretName)?.open('the second factor'), code, before.lastStep) : undefined
    const recovered = factor === 'totp' && step === undefined && same(digest(code), vault.get(recoveryName)?.open('the second factor'))
    const local = factor === 'local' && same(code, localCode()?.replace(/-/g, ''))
    if (step === undefined && !recovered && !local) {
      const locked = before.wrong + 1 >= wrongMax
      await writeGuesses(store, { ...before, wrong: locked ? 0 : before.wrong + 1, lockedUntil: locked ? clock.now() + lockedForMs : 0 }, (tx) => options.onWrong(tx, by, locked))
      throw new Problem('halt-code-wrong', 'That code is not right, or was used before.', { next: factor === 'totp' ? 'Wait for the next one and try again.' : `Read it again: ${file}` })
    }
    await writeGuesses(store, { wrong: 0, lockedUntil: 0, lastStep: step ?? before.lastStep }, async () => undefined)
    // It was for the day the authenticator is lost: both go.
    if (recovered) await unenroll()
    if (local) rmSync(file, { force: true })
  }

  /** The recovery code first: an authenticator without one could be lost for good. */
  async function keep(secret: string, recovery: string): Promise<void> {
    await vault.set(recoveryName, digest(recovery))
    await vault.set(secretName, secret)
  }

  async function confirm(by: HaltActor, given: string): Promise<void> {
    const fresh = shown
    if (fresh === undefined || fresh.by !== by.principal || fresh.until <= clock.now()) throw new Problem('halt-enroll-over', 'No new authenticator waits for its first code.', { next: 'Begin again; the one from before still counts.' })
    const guesses = await readGuesses(store.read)
    const step = await stepOf(fresh.secret, plain(given), 0)
    if (step === undefined) {
      fresh.wrong += 1
      if (fresh.wrong >= wrongMax) shown = undefined
      throw new Problem('halt-code-wrong', 'That is not a code of the new authenticator.', { next: fresh.wrong >= wrongMax ? 'Begin again; the one from before still counts.' : 'Compare the clocks of both machines, wait for the next code and try again.' })
    }
    await keep(fresh.secret, fresh.recovery)
    shown = undefined
    // The code that proved it is used up.
    await writeGuesses(store, { ...guesses, lastStep: step }, async () => undefined)
  }

  async function unenroll(): Promise<void> {
    await vault.remove(secretName)
    await vault.remove(recoveryName)
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = looking.then(work)
    looking = done.catch(() => 'told to whoever asked')
    return done
  }

  return {
    which, writeLocalCode, unenroll,
    dropLocalCode: () => rmSync(file, { force: true }),
    prove: (by, code) => inTurn(() => lookAt(by, code)),
    confirm: (by, code) => inTurn(() => confirm(by, code)),
    async enroll(by, wait) {
      const { Secret: Key, TOTP } = await import('otpauth')
      const secret = new Key({ buffer: new Uint8Array(options.random(20)).buffer })
      const recovery = wordOf(options.random(16))
      shown = wait ? { by: by.principal, secret: secret.base32, recovery, until: clock.now() + firstCodeMs, wrong: 0 } : undefined
      if (!wait) await keep(secret.base32, recovery)
      const uri = new TOTP({ issuer: 'Moltbot', label: options.label, secret, digits: 6, period: stepMs / 1000 }).toString()
      return { uri, secret: secret.base32, recovery: grouped(recovery) }
    },
  }
}

/** Bytes beyond the last whole round of the alphabet are folded back; the bias of 16 in 256 is far below what a guess could use. */
function wordOf(bytes: Buffer): string {
  return [...bytes].map((byte) => alphabet[byte % alphabet.length]).join('')
}

/** As people type it: blanks, hyphens and small letters do not count. */
const plain = (given: string | undefined): string => (given ?? '').replace(/[\s-]/g, '').toUpperCase()
const grouped = (word: string): string => word.match(/.{1,4}/g)?.join('-') ?? word
const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

function same(given: string, kept: string | undefined): boolean {
  return kept !== undefined && kept !== '' && timingSafeEqual(Buffer.from(digest(given)), Buffer.from(digest(kept)))
}

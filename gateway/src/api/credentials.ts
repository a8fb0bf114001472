import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { Problem, type Secret } from '@moltbot/contract'
import { isPlaceholder } from './facts/config-facts.ts'
import type { Passwords } from './password.ts'

/** The shared secret as it is now. */
export interface Credentials {
  mode: 'token' | 'password'
  /** Whether the mode's secret is set at all. A word from an example (`changeme`, `undefined`) is none. */
  configured: boolean
  /** True where only a word from an example is set. */
  placeholder: boolean
  /** Long enough that guessing it over a socket is hopeless. */
  strong: boolean
  /** So short that it can be guessed over a network, even slowly. */
  weak: boolean
  /** Goes up when token or password change, and when the token before may no longer be used. */
  version: number
  /**
   * Whether `presented` is the mode's secret (`either`: token or password, as HTTP sends it; `token`: the token in any mode). Constant in time for any token, constant
   * in cost for any wrong password.
   */
  matches(presented: string, kind: 'mode' | 'either' | 'token'): Promise<boolean>
  /**
   * A mark that ties something derived (a cookie, a device token) to the secrets it came from: equal only while they are
   * unchanged. Keyed by the derived value, so that a stored mark cannot be used to guess the secret.
   */
  mark(derived: string): string
}

/** The one place that knows what opens the door. Nobody else keeps the value, so a rotation reaches everybody at the next look. */
export interface CredentialSource {
  current(): Promise<Credentials>
  /** Calls back when `current` finds that a secret changed, or that the one before may no longer be used (`overlap`). Returns how to stop. */
  onRotate(listener: (now: Credentials, why: 'secret' | 'overlap') => void): () => void
}

const strongLength = 24
/** The least for a port that other machines can reach. */
const tokenLengthMin = 16
const passwordLengthMin = 12

/** The digest stored in place of a random token. */
export function digestOf(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}

function sameDigest(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
}

export function createCredentialSource(options: {
  token: () => Promise<Secret | undefined>
  /** The token before the last rotation, and until when programs may use it. Absent: none. */
  previous?: { token: () => Promise<Secret | undefined>; until: () => number }
  now?: () => number
  password: () => Promise<Secret | undefined>
  /** The password as an argon2id hash. Stronger than `password`. */
  passwordHash: () => Promise<Secret | undefined>
  passwords: Passwords
  mode: () => 'token' | 'password'
  random: (bytes: number) => Buffer
}): CredentialSource {
  const listeners = new Set<(now: Credentials, why: 'secret' | 'overlap') => void>()
  let overlapped = false
  const processKey = options.random(32)
  const nothing = options.random(32).toString('hex')
  let version = 0
  let fingerprint: string | undefined
  let line: Promise<unknown> = Promise.resolve()

  /** The password as a hash, worked out once for each password; and which text it last agreed to, as a digest under the process's key. */
  let hashed: { of: string; hash: Promise<string> } | undefined
  let agreed: string | undefined
  const keyed = (text: string): string => createHmac('sha256', processKey).update(text).digest('hex')
  const checkPassword = async (hash: string, password: string, presented: string): Promise<boolean> => {
    if (presented === '' || (hash === '' && password === '')) return false
    const name = keyed(`${hash}\n${password}\n${presented}`)
    if (agreed !== undefined && sameDigest(agreed, name)) return true
    if (hash === '' && hashed?.of !== keyed(password)) hashed = { of: keyed(password), hash: options.passwords.hash(password) }
    const right = await options.passwords.matches(hash === '' ? await (hashed?.hash ?? '') : hash, presented)
    if (right) agreed = name
    return right
  }
  const real = (value: string): string => (value.trim() === '' || isPlaceholder(value) ? '' : value)

  /** Values as they were last read. What a locked vault keeps to itself stays as it was, or the one who comes to unlock it would find the door shut. */
  const known = new Map<'token' | 'password' | 'hash' | 'previous', string>()
  const valueOf = async (name: 'token' | 'password' | 'hash' | 'previous', look: () => Promise<Secret | undefined>): Promise<string> => {
    try {
      known.set(name, (await look())?.open('check a client at the door') ?? '')
    } catch (error) {
      if (!(error instanceof Problem && error.code.startsWith('vault-'))) throw error
    }
    // Never read yet: nothing opens by it.
    return known.get(name) ?? ''
  }

  const read = async (): Promise<Credentials> => {
    const givenToken = await valueOf('token', options.token)
    const givenPassword = await valueOf('password', options.password)
    const hash = await valueOf('hash', options.passwordHash)
    const token = real(givenToken)
    const password = real(givenPassword)
    // An only password means password mode, as everywhere in this family. A token that nobody could read yet is not none.
    const mode = token === '' && known.has('token') && (password !== '' || hash !== '') ? 'password' : options.mode()
    const secret = mode === 'token' ? token : hash !== '' ? hash : password
    const both = `${mode}\n${token.length}\n${token}\n${hash === '' ? password : hash}`
    const now = createHmac('sha256', processKey).update(both).digest('hex')
    const before = options.previous
    const previous = before === undefined || before.until() <= (options.now?.() ?? 0) ? '' : real(await valueOf('previous', before.token))
    const rotated = fingerprint !== undefined && fingerprint !== now
    const overlapEnded = overlapped && previous === ''
    overlapped = previous !== ''
    if (fingerprint !== now || overlapEnded) version += 1
    fingerprint = now
    const isToken = (value: string, presented: string): boolean => sameDigest(value === '' ? nothing : value, presented) && value !== ''
    const checkToken = (presented: string): boolean => {
      const current = isToken(token, presented)
      const earlier = isToken(previous, presented)
      return current || earlier
    }
    const credentials: Credentials = {
      mode,
      configured: secret !== '',
      placeholder: secret === '' && (mode === 'token' ? givenToken : givenPassword) !== '',
      strong: secret.length >= strongLength && (mode === 'token' || hash === ''),
      weak: secret.length < (mode === 'token' ? tokenLengthMin : passwordLengthMin),
      version,
      async matches(presented, kind) {
        const byToken = checkToken(presented)
        if (kind === 'token' || (kind === 'mode' && mode === 'token')) return byToken
        if (kind === 'either' && byToken) return true
        return checkPassword(hash, password, presented)
      },
      mark: (derived) => createHmac('sha256', derived).update(both).digest('hex'),
    }
    if (rotated || overlapEnded) for (const listener of listeners) listener(credentials, rotated ? 'secret' : 'overlap')
    return credentials
  }

  return {
    current() {
      // One look after the other: a slow look at the old secret must not seem newer than a quick one at the new.
      const result = line.then(read)
      line = result.catch(() => undefined)
      return result
    },
    onRotate(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

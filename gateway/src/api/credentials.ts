import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from '@moltbot/contract'

/** The shared secret as it is now. */
export interface Credentials {
  mode: 'token' | 'password'
  /** Whether the mode's secret is set at all. */
  configured: boolean
  /** Long enough that guessing it over a socket is hopeless. */
  strong: boolean
  /** Goes up when token or password change. */
  version: number
  /** Whether `presented` is the mode's secret (`either`: token or password, as HTTP sends it). Constant in time for any input. */
  matches(presented: string, kind: 'mode' | 'either'): boolean
  /**
   * A mark that ties something derived (a cookie, a device token) to the secrets it came from: equal only while they are
   * unchanged. Keyed by the derived value, so that a stored mark cannot be used to guess the secret.
   */
  mark(derived: string): string
}

/** The one place that knows what opens the door. Nobody else keeps the value, so a rotation reaches everybody at the next look. */
export interface CredentialSource {
  current(): Promise<Credentials>
  /** Calls back when `current` finds that a secret changed. Returns how to stop. */
  onRotate(listener: (now: Credentials) => void): () => void
}

const strongLength = 24

/** The digest stored in place of a random token. */
export function digestOf(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}

function sameDigest(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
}

export function createCredentialSource(options: {
  token: () => Promise<Secret | undefined>
  password: () => Promise<Secret | undefined>
  mode: () => 'token' | 'password'
  random: (bytes: number) => Buffer
}): CredentialSource {
  const listeners = new Set<(now: Credentials) => void>()
  const processKey = options.random(32)
  const nothing = options.random(32).toString('hex')
  let version = 0
  let fingerprint: string | undefined
  let line: Promise<unknown> = Promise.resolve()

  const read = async (): Promise<Credentials> => {
    const token = (await options.token())?.open('check a client at the door') ?? ''
    const password = (await options.password())?.open('check a client at the door') ?? ''
    // An only password means password mode, as everywhere in this family.
    const mode = token === '' && password !== '' ? 'password' : options.mode()
    const secret = mode === 'token' ? token : password
    const both = `${mode}\n${token.length}\n${token}\n${password}`
    const now = createHmac('sha256', processKey).update(both).digest('hex')
    const rotated = fingerprint !== undefined && fingerprint !== now
    if (fingerprint !== now) version += 1
    fingerprint = now
    const check = (value: string, presented: string): boolean => sameDigest(value === '' ? nothing : value, presented) && value !== ''
    const credentials: Credentials = {
      mode,
      configured: secret !== '',
      strong: secret.length >= strongLength,
      version,
      matches(presented, kind) {
        const first = check(token, presented)
        const second = check(password, presented)
        if (kind === 'either') return first || second
        return mode === 'token' ? first : second
      },
      mark: (derived) => createHmac('sha256', derived).update(both).digest('hex'),
    }
    if (rotated) for (const listener of listeners) listener(credentials)
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

import { createHmac, timingSafeEqual } from 'node:crypto'

/** Proof that a form was given out by this gateway to this very browser: each token belongs to one cookie value and one form. */
export interface FormTokens {
  /** A value for the cookie of a browser that has none yet. */
  newCookie(): string
  issue(form: 'login' | 'logout', cookie: string): string
  holds(form: 'login' | 'logout', cookie: string | undefined, token: string | null): boolean
}

/** Tokens of another process do not hold: a form from before a restart is shown again. */
export function createFormTokens(random: (bytes: number) => Buffer): FormTokens {
  const key = random(32)
  const of = (form: string, cookie: string): Buffer => createHmac('sha256', key).update(`${form}\n${cookie}`).digest()
  return {
    newCookie: () => random(32).toString('base64url'),
    issue: (form, cookie) => of(form, cookie).toString('base64url'),
    holds(form, cookie, token) {
      if (cookie === undefined || cookie === '' || token === null) return false
      const presented = Buffer.from(token, 'base64url')
      return presented.length === 32 && timingSafeEqual(presented, of(form, cookie))
    },
  }
}

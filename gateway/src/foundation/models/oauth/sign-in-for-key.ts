import { createHash } from 'node:crypto'
import { Problem } from '@moltbot/contract'
import type { SignInAttempt } from '../types.ts'
import { answerOfBrowser, codeIn, only } from './answer-of-browser.ts'
import { followSignIn } from './attempt.ts'
import { safeAddress, sendJson, textOf } from './speak.ts'
import type { Speaker } from './speak.ts'
import { Refused } from './tokens.ts'

export interface KeySignInOptions {
  /** What people call the provider. */
  label: string
  /** The page where a person says yes, and where the code becomes a key. */
  page: string
  keys: string
  way: 'device' | 'browser' | undefined
  speaker: Speaker
  random: (bytes: number) => Buffer
  /** Seals the key; resolves with the profile's name once that is durable. */
  keep(key: string): Promise<string>
}

/**
 * Signs in with a provider that makes a key for whoever asks, without knowing the program (OpenRouter's PKCE). There is no state in it: the
 * address the browser comes back to is known to nobody but whom it was shown to, and the code is worth nothing without the verifier.
 */
export function beginKeySignIn({ label, page, keys, way, speaker, random, keep }: KeySignInOptions): SignInAttempt {
  return followSignIn(speaker.clock, async (show, signal) => {
    if (way === 'device') throw new Problem('models-sign-in-unsupported', `${label} has no codes to type elsewhere.`, { next: 'Use --browser, or --paste where the browser is on another machine.' })
    const place = safeAddress(keys, `where ${label} makes keys`)
    const verifier = random(32).toString('base64url')
    const { code } = await answerOfBrowser({
      back: new URL(`http://localhost/callback/${random(24).toString('base64url')}`),
      addressFor(back) {
        const url = safeAddress(page, `the page of ${label}`)
        for (const [name, value] of Object.entries({ callback_url: back, code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256' })) url.searchParams.set(name, value)
        return url.href
      },
      read: (query) => (only(query, 'error') === undefined ? codeIn(query) : new Problem('models-sign-in-denied', 'Somebody said no on the page.', { next: 'Begin it again.' })),
    }, speaker.clock, show, signal)
    const { status, body } = await sendJson(speaker, place, { code, code_verifier: verifier, code_challenge_method: 'S256' }, signal)
    const key = textOf(body['key'])
    if (status >= 400 && status < 500) throw new Refused('invalid_grant', place.host, `the code was refused (${status})`)
    if (status !== 200 || key === undefined) throw new Problem('models-sign-in-unreachable', `${place.host} gave an answer that is no key (${status}).`, { next: 'Try again later.', details: { fault: 'network' } })
    return { profile: await keep(key), account: null }
  })
}

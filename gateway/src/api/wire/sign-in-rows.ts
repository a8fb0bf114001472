import Type from 'typebox'
import type { Static } from 'typebox'
import type { SignIn } from '../browser-sessions.ts'
import { browserWords } from '../sign-in-pages.ts'

/** A signed-in browser. `words` is what a person would call it; `device`: linked by a code, and not signed out for being idle. */
export const SignInRow = Type.Object({
  id: Type.String(), words: Type.String(), browser: Type.String(), address: Type.Union([Type.String(), Type.Null()]), via: Type.String(), kind: Type.Union([Type.Literal('browser'), Type.Literal('device')]),
  createdAtMs: Type.Integer(), lastUsedAtMs: Type.Integer(), expiresAtMs: Type.Integer(), provedAtMs: Type.Integer(),
})
export type SignInRow = Static<typeof SignInRow>

export function signInRow({ id, browser, address, via, createdAt, lastUsedAt, expiresAt, provedAt, kind }: SignIn): SignInRow {
  return {
    id, words: browserWords(browser), browser, address, via, kind,
    createdAtMs: Math.round(createdAt), lastUsedAtMs: Math.round(lastUsedAt), expiresAtMs: Math.round(expiresAt), provedAtMs: Math.round(provedAt),
  }
}

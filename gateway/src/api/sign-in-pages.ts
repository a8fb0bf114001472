import type { SignIn } from './browser-sessions.ts'
import { escapeHtml } from './http/respond.ts'

/** What the page about signed-in browsers says. `form` proves that the form came from us to this browser. */
export interface SignInList { base: string; form: string; here: string; now: number; signIns: readonly SignIn[] }

function agoWords(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000))
  if (minutes < 1) return 'just now'
  if (minutes < 120) return `${minutes} min ago`
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h ago` : `${Math.floor(minutes / 1440)} days ago`
}

/** A browser's words about itself, as a person would put them. */
export function browserWords(userAgent: string): string {
  const browser = /Edg\//.test(userAgent) ? 'Edge' : /OPR\//.test(userAgent) ? 'Opera' : /Firefox\//.test(userAgent) ? 'Firefox' : /Chrome\//.test(userAgent) ? 'Chrome' : /Safari\//.test(userAgent) ? 'Safari' : undefined
  const system = /Android/.test(userAgent) ? 'Android' : /iPhone|iPad/.test(userAgent) ? 'iOS' : /Windows/.test(userAgent) ? 'Windows' : /Mac OS X/.test(userAgent) ? 'macOS' : /Linux/.test(userAgent) ? 'Linux' : undefined
  if (browser === undefined) return userAgent === '' ? 'A browser' : userAgent.slice(0, 60)
  return system === undefined ? browser : `${browser} on ${system}`
}

/** The inside of the page on which a person sees where they are signed in and ends it, here or everywhere. */
export function signInListHtml({ base, form, here, now, signIns }: SignInList): string {
  const button = (end: string, words: string): string =>
    `<form method="post" action="${escapeHtml(base)}/logout"><input type="hidden" name="form" value="${escapeHtml(form)}"><input type="hidden" name="end" value="${escapeHtml(end)}"><button type="submit">${words}</button></form>`
  const others = signIns.filter(({ id }) => id !== here)
  const line = (signIn: SignIn): string => {
    const facts = [`used ${agoWords(now - signIn.lastUsedAt)}`, `signed in ${agoWords(now - signIn.createdAt)}`, ...(signIn.address === null ? [] : [`from ${signIn.address}`]), ...(signIn.via === 'secret' ? [] : [`as ${signIn.via}`])]
    return `<p><strong>${escapeHtml(browserWords(signIn.browser))}</strong>${signIn.id === here ? ' (this browser)' : ''}<br>${escapeHtml(facts.join(', '))}</p>`
  }
  return [
    ...signIns.filter(({ id }) => id === here).map(line), button('this', 'Sign out'),
    ...(others.length === 0 ? [] : ['<h2>Also signed in</h2>', ...others.flatMap((signIn) => [line(signIn), button(signIn.id, 'Sign this one out')]), button('all', 'Sign out everywhere')]),
    '<p>This browser will need the token again.</p>',
  ].join('\n')
}

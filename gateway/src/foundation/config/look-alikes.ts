import type { Steps } from './schema-walk.ts'

/** Characters that show nothing, or turn the text around them: format, control, and those that are blank without being a space. */
const unseen = /[\p{Cf}\p{Cc}\p{Cs}\p{Co}\u115F\u1160\u2800\u3164\uFFA0]/u

/** Letters of scripts that look like one another; a word of one kind of person is written in one of them. */
const scripts = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u, /\p{Script=Armenian}/u, /\p{Script=Cherokee}/u]

/** The last step of a path whose value is a list of people, groups or hosts that are let in. */
const letsIn = /(?:allowFrom|allowlist|ownerAllowFrom|allowedHosts|allowedOrigins|trustedProxies|identityLinks)$/i

/**
 * Why a name or id could be taken for another one by whoever reads it, in words; undefined when it is what it looks like.
 * Two entries that differ only in such characters would be two to the gateway and one to the eye.
 */
export function looksLikeAnother(text: string): string | undefined {
  if (unseen.test(text)) return 'holds a character that can\'t be seen'
  if (text.normalize('NFKC') !== text) return `holds letters or digits that only look like others (${JSON.stringify(text.normalize('NFKC'))})`
  if (scripts.filter((script) => script.test(text)).length > 1) return 'mixes letters of several alphabets that look alike'
  return undefined
}

/** Whether what stands at a path says who is let in. */
export function saysWhoIsLetIn(path: Steps): boolean {
  return path.some((step) => typeof step === 'string' && letsIn.test(step))
}

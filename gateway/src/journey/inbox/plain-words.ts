import type { IncomingMessage } from '@moltbot/contract'

/**
 * What somebody wrote without what nobody sees: control characters and escape sequences of terminals, hidden letters (tags outside of a flag), overrides
 * of the direction of writing, marks and invisible signs piled on one another, halves of surrogate pairs.
 */
export function plainWords(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|[^\P{Cc}\n\t]/gu, '')
    .replaceAll(/(\u{1f3f4}[\u{e0030}-\u{e007a}]{2,8}\u{e007f})|[\u{e0000}-\u{e007f}\u202d\u202e]/gu, (_, flag?: string) => flag ?? '')
    .replaceAll(/(\p{Variation_Selector})\p{Variation_Selector}+/gu, '$1')
    .replaceAll(/(\p{M}{16})\p{M}+/gu, '$1')
    .replaceAll(/([\u200b-\u200f\u2060-\u2064\ufeff]{3})[\u200b-\u200f\u2060-\u2064\ufeff]+/g, '$1')
    .toWellFormed()
}

/** The message with its sender's words, and those it quotes, made plain. */
export function inPlainWords(message: IncomingMessage): IncomingMessage {
  const quoted = message.quoted?.text === undefined ? {} : { quoted: { ...message.quoted, text: plainWords(message.quoted.text) } }
  return { ...message, text: plainWords(message.text), ...quoted }
}

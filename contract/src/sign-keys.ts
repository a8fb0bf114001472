import { Type, type Static, type TLiteral, type TNumber, type TOptional, type TSchema, type TString, type TUnion, type TUnsafe } from 'typebox'

/** One picture of Unicode, with what may hang on it: colour, skin tone, the tags of a flag, another picture by a joiner. */
const picture = '\\p{Extended_Pictographic}(?:\\uFE0F|\\p{Emoji_Modifier})?[\\u{E0020}-\\u{E007F}]{0,8}'
const oneEmoji = `${picture}(?:\\u200D${picture}){0,5}|\\p{Regional_Indicator}{2}|[0-9#*]\\uFE0F?\\u20E3`
const isOne = new RegExp(`^(?:${oneEmoji})$`, 'u')

/** Whether a text is one emoji and nothing else. */
export function isEmoji(text: string): boolean {
  return isOne.test(text)
}

/** A key that holds one emoji, or its name (`eyes`, `:eyes:`) for networks that name them; empty: none. */
export function emojiKey(description: string, fallback?: string): TString {
  return Type.String({ pattern: `^(?:${oneEmoji}|:[a-z0-9_+-]{1,40}:|[a-z0-9_+-]{1,40})?$`, 'x-words': 'one emoji, its name (":eyes:") or "" for none', description, ...(fallback === undefined ? {} : { default: fallback }) })
}

export type AckScope = 'group-mentions' | 'group-all' | 'direct' | 'all' | 'off' | 'none'

/** What one channel says about the reaction by which a person sees that a message was taken. */
export type AckReaction = string | { emoji?: string; direct?: boolean; group?: 'always' | 'mentions' | 'never' }

/** The key of a login that says so, for every network alike. The gateway reads it; the channel itself does not. */
export const ackReactionKey: TOptional<TUnsafe<AckReaction>> = Type.Optional(Type.Unsafe<AckReaction>(Type.Union([
  emojiKey('The emoji alone; where it is put is as `messages.ackReactionScope` says.'),
  Type.Object({
    emoji: Type.Optional(emojiKey('The emoji. Absent: as in `messages.ackReaction`. Empty: none.')),
    direct: Type.Optional(Type.Boolean({ description: 'Whether messages in direct chats get it. Absent: yes.' })),
    group: Type.Optional(Type.Union([Type.Literal('always'), Type.Literal('mentions'), Type.Literal('never')], { description: 'Which messages in groups get it: all that are taken, those that mention the assistant, none. Absent: `mentions`.' })),
  }),
], { description: 'The emoji it puts on a message it has taken, on this network: one emoji, or `{ emoji, direct, group }`. Absent: as `messages.ackReaction` and `messages.ackReactionScope` say.' }) as unknown as TSchema)) as never

export type TypingMode = 'never' | 'instant' | 'thinking' | 'message'

/** When a chat shows that the assistant writes. `otherwise`: what holds where a key is absent, in words. */
export function typingKeys(otherwise: { mode: string; seconds: string }): {
  typingMode: TOptional<TUnion<[TLiteral<'never'>, TLiteral<'instant'>, TLiteral<'thinking'>, TLiteral<'message'>]>>
  typingIntervalSeconds: TOptional<TNumber>
} {
  return {
    typingMode: Type.Optional(Type.Union([Type.Literal('never'), Type.Literal('instant'), Type.Literal('thinking'), Type.Literal('message')], {
      description: `When a chat shows that the assistant writes: never, from the start of its work (\`instant\`), once it thinks aloud or writes (\`thinking\`), once it writes words that will be sent (\`message\`). Absent: ${otherwise.mode}`,
    })),
    typingIntervalSeconds: Type.Optional(Type.Number({ minimum: 1, maximum: 60, description: `How often that is told to the network again while it lasts, in seconds. Absent: ${otherwise.seconds}` })),
  }
}
export type TypingWishes = Partial<{ typingMode: TypingMode; typingIntervalSeconds: Static<TNumber> }>

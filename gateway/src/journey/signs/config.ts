import { defineSection, emojiKey } from '@moltbot/contract'
import { Type, type Static } from 'typebox'

const ms = (fallback: number, minimum: number, description: string) => Type.Integer({ default: fallback, minimum, maximum: 3_600_000, description })

/** One reaction of ours on a person's message that changes with what becomes of it. */
export const statusReactionsSection = defineSection({
  path: 'messages.statusReactions',
  title: 'How far a message is, shown by the reaction on it',
  reload: 'hot',
  schema: Type.Object({
    enabled: Type.Boolean({ default: false, description: 'Whether the reaction on a message changes with the work on it, in place of staying as it is. It is put where `messages.ackReactionScope` says.' }),
    emojis: Type.Object({
      queued: Type.Optional(emojiKey('Taken, and not begun. Absent: the emoji of `messages.ackReaction`.')),
      thinking: emojiKey('A model is asked.', '🤔'),
      tool: emojiKey('A tool runs.', '✍️'),
      done: emojiKey('Answered.', '👍'),
      error: emojiKey('It failed; the answer says why.', '😱'),
      stallSoft: emojiKey('Nothing has happened for `timing.stallSoftMs`.', '🥱'),
      stallHard: emojiKey('Nothing has happened for `timing.stallHardMs`.', '😨'),
    }, { default: {}, description: 'The emoji for each state. Empty: that state changes nothing.' }),
    timing: Type.Object({
      debounceMs: ms(700, 0, 'A state that does not last this long is not shown, in milliseconds.'),
      stallSoftMs: ms(10_000, 1_000, 'After so long without a sign from the model or a tool, in milliseconds, `stallSoft` is shown.'),
      stallHardMs: ms(30_000, 1_000, 'After so long, `stallHard`.'),
      doneHoldMs: ms(1_500, 0, 'With `messages.removeAckAfterReply`: how long `done` stands, in milliseconds.'),
      errorHoldMs: ms(2_500, 0, 'With `messages.removeAckAfterReply`: how long `error` stands, in milliseconds.'),
    }, { default: {}, description: 'How quickly the reaction changes.' }),
  }, { default: {} }),
})
export type StatusReactions = Static<typeof statusReactionsSection.schema>

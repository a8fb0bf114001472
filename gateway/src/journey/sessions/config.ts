import { Type, type Static } from 'typebox'
import { defineSection, emojiKey, typingKeys, type AckScope } from '@moltbot/contract'

const queueMode = (description: string, fallback?: string) =>
  Type.Union([Type.Literal('steer'), Type.Literal('followup'), Type.Literal('collect'), Type.Literal('interrupt')], fallback === undefined ? { description } : { description, default: fallback })

const resetRule = {
  mode: Type.Union([Type.Literal('none'), Type.Literal('daily'), Type.Literal('idle')], { default: 'none', description: 'When a session starts afresh by itself: never, once a day, or after a pause.' }),
  atHour: Type.Integer({ minimum: 0, maximum: 23, default: 4, description: 'Hour of the daily reset, in the gateway\'s time zone.' }),
  idleMinutes: Type.Optional(Type.Integer({ minimum: 1, description: 'Minutes without a word from a person after which the next message starts afresh.' })),
}
const reset = Type.Object(resetRule, { description: 'When a session starts afresh. Tested when the next message arrives.', default: {} })
/** A narrower rule has no default: one that is absent leaves the wider rule in force. */
const narrowerReset = Type.Object(resetRule, { description: 'As `session.reset`, for these only.' })

/** How conversations are kept apart and when they start afresh. */
export const sessionSection = defineSection({
  path: 'session',
  title: 'How conversations are kept apart and when they start afresh',
  reload: 'hot',
  schema: Type.Object({
    dmScope: Type.Union([Type.Literal('auto'), Type.Literal('main'), Type.Literal('per-peer'), Type.Literal('per-channel-peer'), Type.Literal('per-account-channel-peer')], {
      default: 'auto',
      description: 'Which session a direct chat belongs to. `auto`: the owner\'s direct chats share the main session, everybody else has their own per channel. `main`: all share one.',
    }),
    identityLinks: Type.Record(Type.String(), Type.Array(Type.String()), { default: {}, description: 'One person on several channels: `{ anna: ["telegram:123", "signal:+49…"] }`. Used by the per-peer scopes.' }),
    reset,
    resetByType: Type.Object({ direct: Type.Optional(narrowerReset), dm: Type.Optional(narrowerReset), group: Type.Optional(narrowerReset), thread: Type.Optional(narrowerReset) }, { default: {}, description: 'Other reset rules for direct chats, groups or threads.' }),
    resetByChannel: Type.Record(Type.String(), narrowerReset, { default: {}, description: 'Other reset rules for one channel; stronger than those by type.' }),
    ...typingKeys({ mode: 'as in `agents.defaults`.', seconds: 'as in `agents.defaults`.' }),
    resetTriggers: Type.Array(Type.String(), { default: ['/new', '/reset'], description: 'Words that start a session afresh when a message begins with them.' }),
  }, { default: {} }),
})

/** What happens to messages that arrive while the assistant works, and how groups address it. */
export const messagesSection = defineSection({
  path: 'messages',
  title: 'Queueing, groups and reactions',
  reload: 'hot',
  schema: Type.Object({
    queue: Type.Object({
      mode: Type.Optional(queueMode('What a message does that arrives during a turn: `steer` reaches the running turn, `followup` waits for its own, `collect` joins with others, `interrupt` stops the running one. Absent: steer in direct chats, collect in groups.')),
      byChannel: Type.Record(Type.String(), queueMode('The mode on one channel.'), { default: {}, description: 'Other modes for single channels.' }),
      debounceMs: Type.Integer({ minimum: 0, maximum: 60_000, default: 500, description: 'How long `collect` waits for more words, in milliseconds.' }),
      cap: Type.Integer({ minimum: 1, maximum: 1000, default: 20, description: 'How many messages wait at most in one session.' }),
      drop: Type.Union([Type.Literal('summarize'), Type.Literal('old'), Type.Literal('new')], { default: 'summarize', description: 'What happens beyond the cap: keep one line of each (`summarize`), or refuse the oldest or the newest in words.' }),
    }, { default: {}, description: 'Messages that arrive while the assistant works.' }),
    receipts: Type.Union([Type.Literal('undone'), Type.Literal('always')], {
      default: 'undone', description: 'What the gateway itself says under an answer: `undone` only what was asked for and not done; `always` also, as the last line of each answer, what was done, or that nothing was.',
    }),
    ackReaction: Type.Optional(emojiKey('The emoji it puts on a message it has taken, where the network has reactions. Absent: the assistant\'s own sign, else 👀. Empty: none.')),
    ackReactionScope: Type.Unsafe<AckScope>(Type.Union(['group-mentions', 'group-all', 'direct', 'all', 'off', 'none'].map((scope) => Type.Literal(scope)), {
      default: 'group-mentions', description: 'Which messages get it: those in groups that mention the assistant, all it takes in groups, those in direct chats, all, none (`off`, or `none`).',
    })),
    removeAckAfterReply: Type.Boolean({ default: false, description: 'Take it back once the message is answered, or has ended in any other way.' }),
    groupChat: Type.Object({
      mentionPatterns: Type.Array(Type.String(), { default: [], description: 'Regular expressions (case-insensitive) that count as addressing the assistant in a group.' }),
      historyLimit: Type.Integer({ minimum: 0, maximum: 500, default: 50, description: 'How many unaddressed group messages are shown to the assistant as context once it is addressed. 0: none.' }),
    }, { default: {}, description: 'Groups.' }),
  }, { default: {} }),
})
export type SessionConfig = Static<typeof sessionSection.schema>

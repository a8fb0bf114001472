import { ackReactionKey, defineSection, dmPolicyKey, placeToolKeys, processKeys, withoutDefaults } from '@moltbot/contract'
import { Type, type Static, type TSchema } from 'typebox'

const senderList = (description: string): TSchema & { static: (string | number)[] } =>
  Type.Array(Type.Union([Type.String(), Type.Integer()]), { default: [], description }) as never

/** Keys of one place inside a group entry. Absent means: as the group, or as `*`, or as the account says. */
const placeKeys = {
  enabled: Type.Optional(Type.Boolean({ description: 'Whether the assistant takes part here. Absent: yes, once the place is listed.' })),
  requireMention: Type.Optional(Type.Boolean({ description: 'Whether it answers only when mentioned or replied to. Absent: as the account says.' })),
  allowFrom: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Integer()]), { description: 'Who may speak to it here, by Telegram user id. Absent: `groupAllowFrom`.' })),
  ...placeToolKeys,
}

const retryKeys = {
  attempts: Type.Integer({ default: 3, minimum: 1, maximum: 10, description: 'How often a call that only reads is tried.' }),
  minDelayMs: Type.Integer({ default: 400, minimum: 10, maximum: 60_000, description: 'The first pause after a failure; it doubles.' }),
  maxDelayMs: Type.Integer({ default: 30_000, minimum: 10, maximum: 600_000, description: 'The longest pause.' }),
  jitter: Type.Number({ default: 0.1, minimum: 0, maximum: 1, description: 'How much a pause is lengthened at most, as a share, so that several logins do not knock together.' }),
}

/** What one login takes. Policy keys are declared here because they belong to this section; the guard reads and enforces them. */
const loginKeys = {
  enabled: Type.Boolean({ default: true, description: 'Whether this login is used. Without a token it waits, switched on or not.' }),
  name: Type.Optional(Type.String({ description: 'A name for this login, shown in status.' })),
  botToken: Type.Optional(Type.String({ description: 'The token @BotFather gave for the bot. A reference such as `${secret:telegram}` is better than the value. `TELEGRAM_BOT_TOKEN` is used when it is absent.' })),
  tokenFile: Type.Optional(Type.String({ description: 'Absolute path of a file that holds only the token. Used when `botToken` is absent.' })),
  apiRoot: Type.String({ default: 'https://api.telegram.org', description: 'Where the Bot API is: Telegram, or a Bot API server of your own. The token is sent there.' }),
  ackReaction: ackReactionKey,
  dmPolicy: dmPolicyKey,
  allowFrom: senderList('Telegram user ids that may write directly; `*` is everyone. Names and @usernames can be changed by their owner and are not accepted as proof.'),
  groupPolicy: Type.Union([Type.Literal('allowlist'), Type.Literal('open'), Type.Literal('disabled')], {
    default: 'allowlist',
    description: 'Groups: only listed groups and senders (`allowlist`), any group (`open`), none (`disabled`).',
  }),
  groupAllowFrom: senderList('Telegram user ids that may speak to it in groups. Empty: those of allowFrom.'),
  requireMention: Type.Boolean({ default: true, description: 'In groups, whether it answers only when mentioned or replied to, where the group says nothing else.' }),
  groups: Type.Record(
    Type.String(),
    Type.Object({
      ...placeKeys,
      topics: Type.Optional(Type.Record(Type.String(), Type.Object(placeKeys), { description: 'The same keys for single topics of a forum, by topic id. The general topic is 1.' })),
    }),
    { default: {}, description: 'Groups by their id (`-100…`); `*` stands for every group not listed.' },
  ),
  streaming: Type.Union(
    [Type.Literal('off'), Type.Literal('partial'), Type.Literal('block'), Type.Object({ mode: Type.Union([Type.Literal('off'), Type.Literal('partial'), Type.Literal('block')], { description: 'As the plain word.', default: 'partial' }) })],
    { default: 'partial', description: 'Show a reply while it is written: not at all, growing in place by edits (`partial`), or block by block.' },
  ),
  streamMode: Type.Optional(Type.Union([Type.Literal('off'), Type.Literal('partial'), Type.Literal('block')], { description: 'Older name of `streaming`; it wins where both are given and `streaming` is at its default.' })),
  textChunkLimit: Type.Integer({ default: 4_000, minimum: 200, maximum: 4_000, description: 'The most characters in one message. Telegram takes 4,096 after rendering; 4,000 leaves room.' }),
  linkPreview: Type.Boolean({ default: false, description: 'Whether Telegram shows a preview of the first link. Off, because for a preview Telegram fetches the page: an address with something private in it would leave without a click.' }),
  replyToMode: Type.Union([Type.Literal('off'), Type.Literal('first'), Type.Literal('all')], { default: 'first', description: 'Which parts of an answer quote the message they answer: none, the first, all.' }),
  mediaMaxMb: Type.Number({ default: 5, minimum: 0, maximum: 20, description: 'Pictures, voice notes, sound and documents up to this size are fetched; 0 fetches none. Telegram gives bots at most 20 MB.' }),
  customCommands: Type.Array(
    Type.Object({
      command: Type.String({ description: 'Without the slash: 1 to 32 of a–z, 0–9 and underscore.' }),
      description: Type.String({ description: 'What the menu shows beside it.' }),
    }),
    { default: [], description: 'Further entries of the bot’s menu. They cannot take the name of a built-in command.' },
  ),
  webhookUrl: Type.Optional(Type.String({ description: 'The public https address Telegram shall deliver to. Absent: long polling, which needs no public address.' })),
  webhookSecret: Type.Optional(Type.String({ description: 'The secret Telegram sends along with every delivery: 1 to 256 of A–Z, a–z, 0–9, _ and -. Required with webhookUrl.' })),
  webhookPath: Type.String({ default: '/telegram-webhook', description: 'The path the own listener answers on.' }),
  webhookHost: Type.String({ default: '127.0.0.1', description: 'The address the own listener binds to; put your https proxy in front of it.' }),
  webhookPort: Type.Integer({ default: 8_787, minimum: 0, maximum: 65_535, description: 'The port of the own listener.' }),
  timeoutSeconds: Type.Integer({ default: 500, minimum: 5, maximum: 3_600, description: 'The longest one call to Telegram may take.' }),
  retry: Type.Object(retryKeys, {
    default: { attempts: 3, minDelayMs: 400, maxDelayMs: 30_000, jitter: 0.1 },
    description: 'Pauses while Telegram cannot be reached. Messages are retried by the outbox, not by these.',
  }),
}

const accountKeys = {
  ...withoutDefaults(loginKeys),
  retry: Type.Partial(Type.Object(retryKeys), { description: 'As in the section.' }),
}

export const telegramSection = defineSection({
  path: 'channels.telegram',
  title: 'Telegram, by a bot of your own',
  schema: Type.Object({
    ...loginKeys,
    ...processKeys,
    accounts: Type.Record(Type.String(), Type.Partial(Type.Object(accountKeys)), {
      default: {},
      description: 'Further bots, by a name of your choice. A key that is absent there is taken from the section.',
    }),
  }),
  reload: 'reconnect',
  secrets: ['botToken', 'webhookSecret', 'accounts.*.botToken', 'accounts.*.webhookSecret'],
})

export type TelegramConfig = Static<typeof telegramSection.schema>

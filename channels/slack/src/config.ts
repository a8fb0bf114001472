import { ackReactionKey, defineSection, dmPolicyKey, placeToolKeys, processKeys, withoutDefaults } from '@moltbot/contract'
import { Type, type Static, type TSchema } from 'typebox'

const senderList = (description: string): TSchema & { static: string[] } => Type.Array(Type.String(), { default: [], description }) as never
const replyModes = [Type.Literal('off'), Type.Literal('first'), Type.Literal('all')] as const

/** Keys of one place inside a channel entry. Absent means: as the channel, or as `*`, or as the account says. */
const placeKeys = {
  enabled: Type.Optional(Type.Boolean({ description: 'Whether the assistant takes part here. Absent: yes, once the place is listed.' })),
  requireMention: Type.Optional(Type.Boolean({ description: 'Whether it answers only when mentioned or answered. Absent: as the account says.' })),
  allowFrom: Type.Optional(Type.Array(Type.String(), { description: 'Who may speak to it here, by Slack member id. Absent: `groupAllowFrom`.' })),
  ...placeToolKeys,
}

const replyKeys = {
  direct: Type.Optional(Type.Union([...replyModes], { description: 'In direct chats.' })),
  group: Type.Optional(Type.Union([...replyModes], { description: 'In channels and chats of several people.' })),
}
const commandKeys = {
  enabled: Type.Boolean({ default: true, description: 'Whether the app’s slash command is answered.' }),
  name: Type.String({ default: 'moltbot', pattern: '^[a-z0-9_-]{1,32}$', description: 'The command as it is made in the app’s settings, without the slash. What follows it is taken as the message or the assistant’s command.' }),
}

/** What one login takes. Policy keys are declared here because they belong to this section; the guard reads and enforces them. */
const loginKeys = {
  enabled: Type.Boolean({ default: true, description: 'Whether this login is used. Without a token it waits, switched on or not.' }),
  name: Type.Optional(Type.String({ description: 'A name for this login, shown in status.' })),
  mode: Type.Union([Type.Literal('socket'), Type.Literal('http')], {
    default: 'socket',
    description: 'How events arrive: over a socket the gateway opens (`socket`, needs `appToken` and no public address), or delivered by Slack to a listener of our own (`http`, needs `signingSecret`).',
  }),
  botToken: Type.Optional(Type.String({ description: 'The app’s Bot User OAuth Token (`xoxb-…`). A reference such as `${secret:slack}` is better than the value. `SLACK_BOT_TOKEN` is used when it is absent.' })),
  appToken: Type.Optional(Type.String({ description: 'An app-level token with the scope connections:write (`xapp-…`), for `mode: socket`. `SLACK_APP_TOKEN` is used when it is absent.' })),
  signingSecret: Type.Optional(Type.String({ description: 'The app’s Signing Secret, for `mode: http`: what is not signed with it is refused. `SLACK_SIGNING_SECRET` is used when it is absent.' })),
  webhookPath: Type.String({ default: '/slack/events', description: 'With `mode: http`: the path the own listener answers on, for events, commands and buttons alike.' }),
  webhookHost: Type.String({ default: '127.0.0.1', description: 'With `mode: http`: the address the own listener binds to; put your https proxy in front of it.' }),
  webhookPort: Type.Integer({ default: 8_788, minimum: 0, maximum: 65_535, description: 'With `mode: http`: the port of the own listener.' }),
  apiRoot: Type.String({ default: 'https://slack.com/api', description: 'Where Slack’s API is. Besides Slack only an address on this computer is accepted: the tokens are sent there.' }),
  ackReaction: ackReactionKey,
  dmPolicy: dmPolicyKey,
  allowFrom: senderList('Slack member ids (`U…`) that may write directly; `*` is everyone. People of other workspaces are `T…:U…`. Names can be changed by their owner and are not accepted as proof.'),
  groupPolicy: Type.Union([Type.Literal('allowlist'), Type.Literal('open'), Type.Literal('disabled')], {
    default: 'allowlist',
    description: 'Channels and chats of several people: only listed places and senders (`allowlist`), any place the app is in (`open`), none (`disabled`).',
  }),
  groupAllowFrom: senderList('Slack member ids that may speak to it in channels. Empty: those of allowFrom.'),
  requireMention: Type.Boolean({ default: true, description: 'In channels, whether it answers only when mentioned or answered, where the channel says nothing else.' }),
  allowBots: Type.Boolean({ default: false, description: 'Whether other apps and bots are heard at all. They still have to be let in like people.' }),
  groups: Type.Record(
    Type.String(),
    Type.Object({
      ...placeKeys,
      topics: Type.Optional(Type.Record(Type.String(), Type.Object(placeKeys), { description: 'The same keys for single threads, by the timestamp of their first message.' })),
    }),
    { default: {}, description: 'Channels by their id (`C…`); `*` stands for every channel not listed.' },
  ),
  streaming: Type.Union([Type.Literal('off'), Type.Literal('partial'), Type.Literal('block')], {
    default: 'partial', description: 'Show a reply while it is written: not at all, growing in place by edits (`partial`), or block by block.',
  }),
  textChunkLimit: Type.Integer({ default: 4_000, minimum: 200, maximum: 8_000, description: 'The most characters in one message. Slack advises 4,000.' }),
  linkPreview: Type.Boolean({ default: false, description: 'Whether Slack shows previews of links. Off, because for a preview Slack fetches the page: an address with something private in it would leave without a click.' }),
  replyToMode: Type.Union([...replyModes], {
    default: 'off', description: 'Which parts of an answer are put into a thread under the message they answer: none, the first, all. What is asked in a thread is always answered there.',
  }),
  replyToModeByChatType: Type.Object(replyKeys, { default: {}, description: 'The same, for one kind of chat.' }),
  mediaMaxMb: Type.Number({ default: 16, minimum: 0, maximum: 16, description: 'Pictures, voice notes, sound and documents up to this size are fetched; 0 fetches none.' }),
  slashCommand: Type.Object(commandKeys, { default: { enabled: true, name: 'moltbot' }, description: 'The app’s slash command.' }),
}

const accountKeys = {
  ...withoutDefaults(loginKeys),
  slashCommand: Type.Partial(Type.Object(withoutDefaults(commandKeys)), { description: 'As in the section.' }),
}

export const slackSection = defineSection({
  path: 'channels.slack',
  title: 'Slack, by an app of your own',
  schema: Type.Object({
    ...loginKeys,
    ...processKeys,
    accounts: Type.Record(Type.String(), Type.Partial(Type.Object(accountKeys)), {
      default: {},
      description: 'Further workspaces, by a name of your choice. A key that is absent there is taken from the section.',
    }),
  }),
  reload: 'reconnect',
  secrets: ['botToken', 'appToken', 'signingSecret', 'accounts.*.botToken', 'accounts.*.appToken', 'accounts.*.signingSecret'],
})

export type SlackConfig = Static<typeof slackSection.schema>

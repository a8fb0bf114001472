import { ackReactionKey, defineSection, dmPolicyKey, placeToolKeys, processKeys, withoutDefaults } from '@moltbot/contract'
import { Type, type Static, type TSchema } from 'typebox'

const senderList = (description: string): TSchema & { static: string[] } => Type.Array(Type.String(), { default: [], description }) as never

/** What one login takes. Policy keys are declared here because they belong to this section; the guard reads and enforces them. */
const loginKeys = {
  enabled: Type.Boolean({ default: false, description: 'Whether this account is used. Off until you want it.' }),
  name: Type.Optional(Type.String({ description: 'A name for this account, shown in status.' })),
  serverUrl: Type.Optional(Type.String({ description: 'Where a BlueBubbles server answers (`http://mac.local:1234`). Over https, on this computer or in your own network. Absent: `cliPath` is used on this Mac.' })),
  password: Type.Optional(Type.String({ description: 'The BlueBubbles server’s password. A reference such as `${secret:bluebubbles}` is better than the value. `IMESSAGE_PASSWORD` is used when it is absent.' })),
  cliPath: Type.Optional(Type.String({ description: 'Without a BlueBubbles server: the absolute path of `imsg` on this Mac, or of a program of yours that runs it on another one. No shell is involved.' })),
  dbPath: Type.Optional(Type.String({ description: 'With `cliPath`: the absolute path of another Messages database than the account’s own.' })),
  service: Type.Union([Type.Literal('imessage'), Type.Literal('auto')], {
    default: 'imessage', description: 'Which messages are taken: iMessage only, or SMS and RCS, too (`auto`). The number an SMS comes from can be forged by anybody.',
  }),
  ownAddresses: Type.Array(Type.String(), { default: [], description: 'This account’s own addresses, by which it is mentioned and its own words in a chat with itself are known. BlueBubbles tells the main one.' }),
  region: Type.String({ default: 'US', pattern: '^[A-Z]{2}$', description: 'With `cliPath`: the country of numbers that are written without one, two letters.' }),
  webhookPort: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535, description: 'With BlueBubbles: a port for a listener that the server tells of new messages at once. Absent: it is asked every few seconds.' })),
  webhookHost: Type.String({ default: '127.0.0.1', description: 'The address the listener binds to.' }),
  webhookPath: Type.String({ default: '/bluebubbles-webhook', description: 'The path the listener answers on.' }),
  webhookToken: Type.Optional(Type.String({ description: 'What has to stand behind `?token=` in the address BlueBubbles calls: at least 16 letters, digits, - and _. Required with webhookPort.' })),
  pollSeconds: Type.Integer({ default: 5, minimum: 1, maximum: 60, description: 'With BlueBubbles: how often it is asked for new messages. Each answer is also the proof that the line stands.' }),
  ackReaction: ackReactionKey,
  dmPolicy: dmPolicyKey,
  allowFrom: senderList('Addresses that may write directly: numbers as `+49151…`, e-mail addresses in small letters; `*` is everyone. Names of contacts are not accepted as proof.'),
  groupPolicy: Type.Union([Type.Literal('allowlist'), Type.Literal('open'), Type.Literal('disabled')], {
    default: 'allowlist', description: 'Groups: only listed groups and senders (`allowlist`), any group (`open`), none (`disabled`).',
  }),
  groupAllowFrom: senderList('Addresses that may speak to it in groups. Empty: those of allowFrom.'),
  requireMention: Type.Boolean({ default: true, description: 'In groups, whether it answers only when mentioned or answered, where the group says nothing else.' }),
  groups: Type.Record(
    Type.String(),
    Type.Object({
      enabled: Type.Optional(Type.Boolean({ description: 'Whether the assistant takes part here. Absent: yes, once the group is listed.' })),
      requireMention: Type.Optional(Type.Boolean({ description: 'Whether it answers only when mentioned or answered. Absent: as the account says.' })),
      allowFrom: Type.Optional(Type.Array(Type.String(), { description: 'Who may speak to it here, by address. Absent: `groupAllowFrom`.' })),
      ...placeToolKeys,
    }),
    { default: {}, description: 'Groups by their id (`iMessage;+;chat…`); `*` stands for every group not listed.' },
  ),
  sendReadReceipts: Type.Boolean({ default: false, description: 'With BlueBubbles: whether chats are marked as read once a message was taken.' }),
  includeAttachments: Type.Boolean({ default: false, description: 'Whether pictures, voice notes, sound and documents are fetched; with imsg from the folder of Messages and nowhere else.' }),
  mediaMaxMb: Type.Number({ default: 16, minimum: 0, maximum: 16, description: 'Pictures, voice notes, sound and documents up to this size are fetched; 0 fetches none.' }),
  streaming: Type.Union([Type.Literal('off'), Type.Literal('partial'), Type.Literal('block')], {
    default: 'off', description: 'Show a reply while it is written. Off, because Messages shows every change as an edit and lets a message be changed five times.',
  }),
  replyToMode: Type.Union([Type.Literal('off'), Type.Literal('first'), Type.Literal('all')], { default: 'off', description: 'Which parts of an answer are attached to the message they answer: none, the first, all. Only with BlueBubbles’ Private API.' }),
  textChunkLimit: Type.Integer({ default: 4_000, minimum: 200, maximum: 8_000, description: 'The most characters in one message.' }),
}

const accountKeys = withoutDefaults(loginKeys)

export const imessageSection = defineSection({
  path: 'channels.imessage',
  title: 'iMessage, by BlueBubbles or imsg',
  schema: Type.Object({
    ...loginKeys,
    ...processKeys,
    accounts: Type.Record(Type.String(), Type.Partial(Type.Object(accountKeys)), {
      default: {},
      description: 'Further accounts, by a name of your choice. A key that is absent there is taken from the section.',
    }),
  }),
  reload: 'reconnect',
  secrets: ['password', 'webhookToken', 'accounts.*.password', 'accounts.*.webhookToken'],
})

export type IMessageConfig = Static<typeof imessageSection.schema>

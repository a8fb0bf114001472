import { ackReactionKey, defineSection, dmPolicyKey, placeToolKeys, processKeys, withoutDefaults } from '@moltbot/contract'
import { Type, type Static, type TSchema } from 'typebox'

const senderList = (description: string): TSchema & { static: string[] } => Type.Array(Type.String(), { default: [], description }) as never

/** What one login takes. Policy keys are declared here because they belong to this section; the guard reads and enforces them. */
const loginKeys = {
  enabled: Type.Boolean({ default: false, description: 'Whether this account is used. Off until you want it; then link it: `moltbot channels login --channel signal`.' }),
  name: Type.Optional(Type.String({ description: 'A name for this account, shown in status.' })),
  account: Type.Optional(Type.String({ description: 'The account’s own number (`+49…`), as signal-cli knows it. Absent: the only one signal-cli has.' })),
  httpUrl: Type.Optional(Type.String({ description: 'Where signal-cli’s daemon answers. On this computer, or over https: whoever is between could read everything. Absent: `httpHost` and `httpPort`.' })),
  httpHost: Type.String({ default: '127.0.0.1', description: 'The daemon’s address, where `httpUrl` is absent.' }),
  httpPort: Type.Integer({ default: 8_080, minimum: 1, maximum: 65_535, description: 'The daemon’s port, where `httpUrl` is absent.' }),
  autoStart: Type.Boolean({ default: false, description: 'Whether the gateway starts the daemon itself, from `cliPath`, and starts it again when it ends.' }),
  cliPath: Type.Optional(Type.String({ description: 'The absolute path of signal-cli, for `autoStart`. No shell is involved.' })),
  startupTimeoutMs: Type.Integer({ default: 30_000, minimum: 1_000, maximum: 120_000, description: 'How long a started daemon may take until it answers.' }),
  receiveMode: Type.Union([Type.Literal('on-connection'), Type.Literal('on-start'), Type.Literal('manual')], {
    default: 'on-connection', description: 'How a started daemon receives. With `on-connection` Signal keeps what is written while the gateway is away; with `on-start` it would be lost.',
  }),
  ackReaction: ackReactionKey,
  dmPolicy: dmPolicyKey,
  allowFrom: senderList('Signal’s own ids of people (`/whoami` tells yours) that may write directly; `*` is everyone. Numbers and names can change hands and are not accepted as proof.'),
  groupPolicy: Type.Union([Type.Literal('allowlist'), Type.Literal('open'), Type.Literal('disabled')], {
    default: 'allowlist', description: 'Groups: only listed groups and senders (`allowlist`), any group (`open`), none (`disabled`).',
  }),
  groupAllowFrom: senderList('Ids of people that may speak to it in groups. Empty: those of allowFrom.'),
  requireMention: Type.Boolean({ default: true, description: 'In groups, whether it answers only when mentioned or answered, where the group says nothing else.' }),
  groups: Type.Record(
    Type.String(),
    Type.Object({
      enabled: Type.Optional(Type.Boolean({ description: 'Whether the assistant takes part here. Absent: yes, once the group is listed.' })),
      requireMention: Type.Optional(Type.Boolean({ description: 'Whether it answers only when mentioned or answered. Absent: as the account says.' })),
      allowFrom: Type.Optional(Type.Array(Type.String(), { description: 'Who may speak to it here, by id. Absent: `groupAllowFrom`.' })),
      ...placeToolKeys,
    }),
    { default: {}, description: 'Groups by their id (`moltbot message list-groups --channel signal`); `*` stands for every group not listed.' },
  ),
  noteToSelf: Type.Boolean({ default: false, description: 'Whether what you write to yourself (Note to Self) on your telephone is taken as a message. Only sensible when the account is your own.' }),
  sendReadReceipts: Type.Boolean({ default: false, description: 'Whether senders see that their message was taken.' }),
  ignoreAttachments: Type.Boolean({ default: false, description: 'Whether files that come along are left aside altogether.' }),
  ignoreStories: Type.Boolean({ default: true, description: 'Whether answers to stories are left aside. Stories themselves always are.' }),
  mediaMaxMb: Type.Number({ default: 8, minimum: 0, maximum: 16, description: 'Pictures, voice notes, sound and documents up to this size are fetched; 0 fetches none.' }),
  streaming: Type.Union([Type.Literal('off'), Type.Literal('partial'), Type.Literal('block')], {
    default: 'off', description: 'Show a reply while it is written. Off, because Signal shows every change as an edit and lets a message be changed ten times.',
  }),
  replyToMode: Type.Union([Type.Literal('off'), Type.Literal('first'), Type.Literal('all')], { default: 'off', description: 'Which parts of an answer quote the message they answer: none, the first, all.' }),
  textChunkLimit: Type.Integer({ default: 4_000, minimum: 200, maximum: 8_000, description: 'The most characters in one message.' }),
}

const accountKeys = withoutDefaults(loginKeys)

export const signalSection = defineSection({
  path: 'channels.signal',
  title: 'Signal, by signal-cli',
  schema: Type.Object({
    ...loginKeys,
    ...processKeys,
    accounts: Type.Record(Type.String(), Type.Partial(Type.Object(accountKeys)), {
      default: {},
      description: 'Further accounts, by a name of your choice. A key that is absent there is taken from the section.',
    }),
  }),
  reload: 'reconnect',
})

export type SignalConfig = Static<typeof signalSection.schema>

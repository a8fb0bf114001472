import { ackReactionKey, defineSection, dmPolicyKey, placeToolKeys, processKeys, withoutDefaults } from '@moltbot/contract'
import { Type, type Static, type TSchema } from 'typebox'
import { isSnowflake } from './discord-id.ts'

const senderList = (description: string): TSchema & { static: (string | number)[] } =>
  Type.Array(Type.Union([Type.String(), Type.Integer()]), { default: [], description }) as never

/** Keys of one place inside a channel entry. Absent means: as the channel, or as `*`, or as the account says. */
const placeKeys = {
  enabled: Type.Optional(Type.Boolean({ description: 'Whether the assistant takes part here. Absent: yes, once the place is listed.' })),
  requireMention: Type.Optional(Type.Boolean({ description: 'Whether it answers only when mentioned or replied to. Absent: as the account says.' })),
  allowFrom: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Integer()]), { description: 'Who may speak to it here, by Discord user id. Absent: `groupAllowFrom`.' })),
  ...placeToolKeys,
}

/** Places as other programs of this family write them: by server, and in it by channel. `groups` says the same by channel alone. */
const guildKeys = {
  slug: Type.Optional(Type.String({ description: 'A name for the server; it decides nothing.' })),
  requireMention: placeKeys.requireMention,
  users: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Integer()]), { description: 'Who may speak to it in this server, by Discord user id. Absent: `groupAllowFrom`.' })),
  ...placeToolKeys,
  channels: Type.Optional(Type.Record(Type.String(), Type.Object({
    allow: Type.Optional(Type.Boolean({ description: 'The same as `enabled`.' })),
    enabled: placeKeys.enabled,
    requireMention: placeKeys.requireMention,
    users: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Integer()]), { description: 'Who may speak to it here, by Discord user id. Absent: as the server says.' })),
    ...placeToolKeys,
  }), { description: 'Its channels, by their id in quotes. Names are no proof and are not looked up.' })),
}

const intentKeys = {
  messageContent: Type.Boolean({
    default: true,
    description: 'Ask Discord for the words of messages that do not mention the bot. Needs the Message Content Intent in the developer portal; without it the bot reads only direct messages, mentions and replies.',
  }),
}
const commandKeys = { native: Type.Boolean({ default: true, description: 'Fill Discord’s menu of slash commands with the assistant’s own.' }) }

/** What one login takes. Policy keys are declared here because they belong to this section; the guard reads and enforces them. */
const loginKeys = {
  enabled: Type.Boolean({ default: true, description: 'Whether this login is used. Without a token it waits, switched on or not.' }),
  name: Type.Optional(Type.String({ description: 'A name for this login, shown in status.' })),
  token: Type.Optional(Type.String({ description: 'The bot’s token from the developer portal. A reference such as `${secret:discord}` is better than the value. `DISCORD_BOT_TOKEN` is used when it is absent.' })),
  apiRoot: Type.String({ default: 'https://discord.com/api', description: 'Where Discord’s API is. Besides Discord only an address on this computer is accepted: the token is sent there.' }),
  ackReaction: ackReactionKey,
  dmPolicy: dmPolicyKey,
  allowFrom: senderList('Discord user ids that may write directly, best in quotes; `*` is everyone. Names can be changed by their owner and are not accepted as proof.'),
  groupPolicy: Type.Union([Type.Literal('allowlist'), Type.Literal('open'), Type.Literal('disabled')], {
    default: 'allowlist',
    description: 'Channels of servers: only listed channels and senders (`allowlist`), any channel (`open`), none (`disabled`).',
  }),
  groupAllowFrom: senderList('Discord user ids that may speak to it in servers, best in quotes. Empty: those of allowFrom.'),
  requireMention: Type.Boolean({ default: true, description: 'In servers, whether it answers only when mentioned or replied to, where the channel says nothing else.' }),
  allowBots: Type.Boolean({ default: false, description: 'Whether other bots and webhooks are heard at all. They still have to be let in like people.' }),
  groups: Type.Record(
    Type.String(),
    Type.Object({
      ...placeKeys,
      topics: Type.Optional(Type.Record(Type.String(), Type.Object(placeKeys), { description: 'The same keys for single threads of the channel, by thread id.' })),
    }),
    { default: {}, description: 'Server channels by their id, in quotes; `*` stands for every channel not listed.' },
  ),
  guilds: Type.Record(Type.String(), Type.Object(guildKeys), {
    default: {}, description: 'The same as `groups`, by server id, as other programs of this family write it; `*` is every server. What `groups` says of a channel is stronger. A server without `channels` opens none: name them.',
  }),
  streaming: Type.Union([Type.Literal('off'), Type.Literal('partial'), Type.Literal('block')], {
    default: 'partial', description: 'Show a reply while it is written: not at all, growing in place by edits (`partial`), or block by block.',
  }),
  textChunkLimit: Type.Integer({ default: 2_000, minimum: 200, maximum: 2_000, description: 'The most characters in one message. Discord takes 2,000.' }),
  maxLinesPerMessage: Type.Integer({ default: 17, minimum: 1, maximum: 2_000, description: 'The most lines in one message: longer ones fill the whole screen.' }),
  linkPreview: Type.Boolean({ default: false, description: 'Whether Discord shows previews of links. Off, because for a preview Discord fetches the page: an address with something private in it would leave without a click.' }),
  replyToMode: Type.Union([Type.Literal('off'), Type.Literal('first'), Type.Literal('all')], { default: 'off', description: 'Which parts of an answer quote the message they answer: none, the first, all.' }),
  mediaMaxMb: Type.Number({ default: 8, minimum: 0, maximum: 16, description: 'Pictures, voice notes, sound and documents up to this size are fetched; 0 fetches none.' }),
  commands: Type.Object(commandKeys, { default: { native: true }, description: 'Discord’s own command menu.' }),
  intents: Type.Object(intentKeys, { default: { messageContent: true }, description: 'What Discord is asked to tell the bot.' }),
}

const accountKeys = {
  ...withoutDefaults(loginKeys),
  commands: Type.Partial(Type.Object(withoutDefaults(commandKeys)), { description: 'As in the section.' }),
  intents: Type.Partial(Type.Object(withoutDefaults(intentKeys)), { description: 'As in the section.' }),
}

export const discordSection = defineSection({
  path: 'channels.discord',
  title: 'Discord, by a bot of your own',
  schema: Type.Object({
    ...loginKeys,
    ...processKeys,
    accounts: Type.Record(Type.String(), Type.Partial(Type.Object(accountKeys)), {
      default: {},
      description: 'Further bots, by a name of your choice. A key that is absent there is taken from the section.',
    }),
  }),
  reload: 'reconnect',
  secrets: ['token', 'accounts.*.token'],
})

export type DiscordConfig = Static<typeof discordSection.schema>
type Groups = DiscordConfig['groups']

/** What `guilds` says of single channels, said as `groups`. Whatever cannot be said so opens nothing: a message names its channel, not its server. */
export function inCommonNames(config: DiscordConfig): DiscordConfig {
  const groups: Groups = {}
  for (const [id, guild] of Object.entries(config.guilds ?? {})) {
    const { requireMention, users, tools, toolsBySender, channels } = guild
    const ofGuild: Groups[string] = { ...defined({ requireMention, allowFrom: users, tools, toolsBySender }) }
    if (id === '*' && channels === undefined) groups['*'] = ofGuild
    for (const [channel, { allow, enabled, users: some, ...keys }] of Object.entries(channels ?? {})) {
      if (!isChannel(channel, id)) continue
      groups[channel] = { ...ofGuild, ...defined({ ...keys, allowFrom: some }), ...(allow === false || enabled === false ? { enabled: false } : {}) }
    }
  }
  return { ...config, groups: { ...groups, ...config.groups } }
}

/** What of `guilds` opens nothing, as its owner wrote it. */
export function guildsLeftOut(config: DiscordConfig): string[] {
  return Object.entries(config.guilds ?? {}).flatMap(([id, { channels }]) => {
    if (channels === undefined) return id === '*' ? [] : [id]
    return Object.keys(channels).filter((channel) => !isChannel(channel, id)).map((channel) => `${id}/${channel}`)
  })
}

/** Every channel of one server cannot be told from every channel; every channel of all servers can. */
const isChannel = (channel: string, guild: string): boolean => isSnowflake(channel) || (channel === '*' && guild === '*')

function defined<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}

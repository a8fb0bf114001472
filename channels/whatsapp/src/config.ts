import { ackReactionKey, defineSection, dmPolicyKey, placeToolKeys, processKeys, withoutDefaults } from '@moltbot/contract'
import { Type, type Static, type TArray, type TString } from 'typebox'

const listOf = (pattern: string, description: string): TArray<TString> => Type.Array(Type.String({ pattern }), { default: [], description })
const people = (description: string): TArray<TString> => listOf('^(\\*|(whatsapp:)?(\\+[0-9]{5,20}|[0-9]{5,20}@lid))$', description)
const peopleOrGroups = (description: string): TArray<TString> => listOf('^(\\*|(whatsapp:)?(\\+[0-9]{5,20}|[0-9]{5,20}@lid)|[0-9-]{5,50}@g\\.us)$', description)

/** What one login takes. Policy keys are declared here because they belong to this section; the guard reads and enforces them. */
const loginKeys = {
  enabled: Type.Boolean({ default: false, description: 'Whether this account is used. Off until you want it; then link it: `moltbot channels login --channel whatsapp`.' }),
  name: Type.Optional(Type.String({ description: 'A name for this account, shown in status.' })),
  apiRoot: Type.String({ default: 'wss://web.whatsapp.com/ws/chat', description: 'Where WhatsApp is. Besides WhatsApp only an address on this computer is accepted.' }),
  webVersion: Type.Optional(Type.String({ pattern: '^\\d+\\.\\d+\\.\\d+$', description: 'The version of WhatsApp Web we say we are (`2.3000.…`). Absent: the one this release was made for. For when WhatsApp calls it outdated.' })),
  ackReaction: ackReactionKey,
  dmPolicy: dmPolicyKey,
  allowFrom: people('People who may write directly, by number in international form (`+4915112345678`); `*` is everyone. Names can be changed by their owner and are not accepted as proof.'),
  dmAllowlist: people('The same as allowFrom, under the name older guides use; both count.'),
  groupPolicy: Type.Union([Type.Literal('allowlist'), Type.Literal('mention-only'), Type.Literal('open'), Type.Literal('disabled'), Type.Literal('deny')], {
    default: 'allowlist',
    description: 'Groups: only listed groups and people (`allowlist`), any group but only when mentioned (`mention-only`), any group (`open`), none (`disabled`, or `deny` in older guides).',
  }),
  groupAllowFrom: people('People who may speak to it in groups, by number. Empty: those of allowFrom.'),
  groupAllowlist: peopleOrGroups('As older guides write it: people as in groupAllowFrom, and groups by id (`1203…@g.us`) as in groups. `moltbot message list-groups --channel whatsapp` shows the ids.'),
  requireMention: Type.Optional(Type.Boolean({ description: 'In groups, whether it answers only when mentioned or replied to. Absent: as requireMentionInGroups says.' })),
  requireMentionInGroups: Type.Boolean({ default: true, description: 'In groups, whether it answers only when mentioned or replied to, where the group says nothing else.' }),
  groups: Type.Record(Type.String(), Type.Object({
    enabled: Type.Optional(Type.Boolean({ description: 'Whether the assistant takes part here. Absent: yes, once the group is listed.' })),
    requireMention: Type.Optional(Type.Boolean({ description: 'Whether it answers only when mentioned or replied to. Absent: as the account says.' })),
    allowFrom: Type.Optional(Type.Array(Type.String(), { description: 'Who may speak to it here, by number. Absent: `groupAllowFrom`.' })),
    ...placeToolKeys,
  }), { default: {}, description: 'Groups by their id (`1203…@g.us`); `*` stands for every group not listed.' }),
  selfChatMode: Type.Boolean({ default: false, description: 'Whether what you write to yourself is for the assistant. For an account that is your own number.' }),
  messagePrefix: Type.String({ default: '🤖', maxLength: 50, description: 'Put in front of answers in the chat with yourself, so that you can tell them from your notes. Empty: nothing.' }),
  sendReadReceipts: Type.Boolean({ default: true, description: 'Whether people see that a message was read, once it is being answered. Whoever is not answered sees nothing.' }),
  mediaMaxMb: Type.Number({ default: 8, minimum: 0, maximum: 16, description: 'Pictures, stickers, voice notes, sound and documents up to this size are fetched; 0 fetches none.' }),
  textChunkLimit: Type.Integer({ default: 4_000, minimum: 200, maximum: 60_000, description: 'The most characters in one message.' }),
  replyToMode: Type.Union([Type.Literal('off'), Type.Literal('first'), Type.Literal('all')], { default: 'off', description: 'Which parts of an answer quote the message they answer: none, the first, all.' }),
  streaming: Type.Union([Type.Literal('off'), Type.Literal('partial'), Type.Literal('block')], {
    default: 'off', description: 'Show a reply while it is written: not at all, growing in place by edits (`partial`; WhatsApp marks it as edited), or block by block.',
  }),
}

const accountKeys = withoutDefaults(loginKeys)

export const whatsappSection = defineSection({
  path: 'channels.whatsapp',
  title: 'WhatsApp, as a linked device of your number',
  schema: Type.Object({
    ...loginKeys,
    ...processKeys,
    accounts: Type.Record(Type.String(), Type.Partial(Type.Object(accountKeys)), {
      default: {},
      description: 'Further numbers, by a name of your choice. A key that is absent there is taken from the section.',
    }),
  }),
  reload: 'reconnect',
})

export type WhatsAppConfig = Static<typeof whatsappSection.schema>

/**
 * The older guides' names in the common ones. `dmAllowlist` joins `allowFrom`; of `groupAllowlist` the people join `groupAllowFrom` and the
 * groups `groups`. `mention-only` with groups listed means those groups only.
 */
export function inCommonNames(config: WhatsAppConfig): WhatsAppConfig {
  const listed = config.groupAllowlist.map((entry) => entry.trim())
  const ids = listed.filter((entry) => entry.endsWith('@g.us'))
  const named = listed.filter((entry) => !entry.endsWith('@g.us'))
  const groupAllowFrom = [...config.groupAllowFrom, ...named]
  const onlyThese = config.groupPolicy === 'mention-only' && ids.length > 0
  const place = onlyThese ? { requireMention: true, ...(groupAllowFrom.length > 0 ? {} : { allowFrom: ['*'] }) } : {}
  return {
    ...config,
    allowFrom: [...config.allowFrom, ...config.dmAllowlist], dmAllowlist: [],
    groupAllowFrom, groupAllowlist: [],
    groups: { ...Object.fromEntries(ids.map((id) => [id, place])), ...config.groups },
    ...(onlyThese ? { groupPolicy: 'allowlist' as const } : {}),
  }
}

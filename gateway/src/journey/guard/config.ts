import { Type } from 'typebox'
import { defineSection } from '@moltbot/contract'

/** Who may use commands, and who the owner is on each channel. */
export const commandsSection = defineSection({
  path: 'commands',
  title: 'Chat commands and who owns the gateway',
  reload: 'hot',
  schema: Type.Object({
    text: Type.Boolean({ default: true, description: 'Whether messages that begin with `/` are commands.' }),
    ownerAllowFrom: Type.Array(Type.Union([Type.String(), Type.Integer()]), {
      default: [],
      description: 'Senders who are the owner, as `channel:id` (`telegram:123456789`). They may speak wherever their channel lets anyone speak, and use every command.',
    }),
  }, { default: {} }),
})

/** What all channels share unless they say otherwise. */
export const channelDefaultsSection = defineSection({
  path: 'channels.defaults',
  title: 'Defaults for all channels',
  reload: 'hot',
  schema: Type.Object({
    groupPolicy: Type.Union([Type.Literal('allowlist'), Type.Literal('open'), Type.Literal('disabled')], {
      default: 'allowlist', description: 'Which groups are listened to where the channel does not say: listed ones, all, or none.',
    }),
  }, { default: {} }),
})

const names = Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 200 })

/** Limits that several people share, by name. Who has which is decided with `moltbot people profile`, never by a name somebody gave themselves. */
export const peopleSection = defineSection({
  path: 'people',
  title: 'Profiles: what a child, a colleague or a guest may do',
  reload: 'hot',
  schema: Type.Object({
    profiles: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }), Type.Object({
      role: Type.Union([Type.Literal('member'), Type.Literal('guest')], { default: 'member', description: 'What kind of person this is: a member may use tools and commands, a guest may talk.' }),
      tools: Type.Object({
        allow: Type.Optional(names),
        deny: Type.Optional(names),
      }, { default: {}, description: 'The tools of this profile. `allow` present: only these; `deny` is stronger. `*` is every tool.' }),
    }), { default: {}, description: 'Profiles by name, lower case. Somebody whose profile is gone from here is a guest without tools.' }),
  }, { default: {} }),
})

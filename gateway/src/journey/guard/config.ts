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

/**
 * Discord, by a bot of the operator's own. This package translates between Discord's gateway and REST API and the contract's
 * messages: it remembers what is durable, so that Discord replays the rest, renders Markdown, and says how the connection is.
 * It never decides who may speak, never keeps a conversation, and is the only place where Discord's SDK is used.
 */
import { defineChannel } from '@moltbot/contract'
import { discordSection, inCommonNames } from './config.ts'
import { discordId } from './discord-id.ts'

export { discordSection, type DiscordConfig } from './config.ts'

export const discord = defineChannel({
  id: discordId,
  label: 'Discord',
  config: discordSection,
  senders: 'platform',
  inCommonNames,
  mediaFrom: ({ apiRoot }) => (URL.canParse(apiRoot) && new URL(apiRoot).host !== 'discord.com' ? { hosts: [], own: new URL(apiRoot).origin } : { hosts: ['cdn.discordapp.com', 'media.discordapp.net'] }),
  // The SDK and the Markdown parser are loaded when there is a bot to connect, and cost nothing before.
  connect: async (config, host) => (await import('./connect.ts')).connectDiscord(config, host),
})

export default discord

/**
 * Telegram, by a bot of the operator's own. This package translates between Bot API updates and the contract's messages:
 * it acknowledges what is durable, joins what Telegram cut apart, renders Markdown, and says how the connection is.
 * It never decides who may speak, never keeps a conversation, and is the only place where grammy is used.
 */
import { defineChannel } from '@moltbot/contract'
import { telegramSection } from './config.ts'
import { telegramId } from './incoming.ts'

export { telegramSection, type TelegramConfig } from './config.ts'

export const telegram = defineChannel({
  id: telegramId,
  label: 'Telegram',
  config: telegramSection,
  senders: 'platform',
  mediaFrom: ({ apiRoot }) => (URL.canParse(apiRoot) && new URL(apiRoot).host !== 'api.telegram.org' ? { hosts: [], own: new URL(apiRoot).origin } : { hosts: ['api.telegram.org'] }),
  // The SDK and the Markdown parser are loaded when there is a bot to connect, and cost nothing before.
  connect: async (config, host) => (await import('./connect.ts')).connectTelegram(config, host),
})

export default telegram

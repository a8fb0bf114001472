/**
 * iMessage, through a BlueBubbles server or the program `imsg` on a Mac of the operator's own. This package translates between them and
 * the contract's messages: it remembers how far everything is durable and reads on from there, and says how the connection is. It
 * never decides who may speak, never keeps a conversation, and opens no file of the Mac.
 */
import { defineChannel } from '@moltbot/contract'
import { imessageSection } from './config.ts'
import { imessageId } from './imessage-id.ts'

export { imessageSection, type IMessageConfig } from './config.ts'

export const imessage = defineChannel({
  id: imessageId,
  label: 'iMessage',
  config: imessageSection,
  senders: 'platform',
  // The Mac's own Messages ask for no password.
  opensWithoutSecret: ({ serverUrl, cliPath }) => serverUrl === undefined && cliPath !== undefined,
  mediaFrom: ({ serverUrl }) => ({ hosts: [], ...(serverUrl !== undefined && URL.canParse(serverUrl) ? { own: new URL(serverUrl).origin } : {}) }),
  // The Markdown parser and the rest are loaded when there is an account to connect, and cost nothing before.
  connect: async (config, host) =>
    config.serverUrl === undefined ? (await import('./imsg.ts')).connectImsg(config, host) : (await import('./bluebubbles.ts')).connectBlueBubbles(config, host),
})

export default imessage

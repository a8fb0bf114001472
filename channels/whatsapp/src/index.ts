/**
 * WhatsApp, as a device linked to the operator's own number. This package translates between WhatsApp's linked-device protocol and the
 * contract's messages: it acknowledges what is durable, keeps the device's keys sealed, renders Markdown, and says how the connection is.
 * It never decides who may speak, never keeps a conversation, never writes a key into a file, and is the only place where WhatsApp's
 * library is used.
 */
import { defineChannel, type ChannelHost, type LoginStep, type LoginWish } from '@moltbot/contract'
import { whatsappId } from './addresses.ts'
import { inCommonNames, whatsappSection, type WhatsAppConfig } from './config.ts'

export { whatsappSection, type WhatsAppConfig } from './config.ts'

export const whatsapp = defineChannel({
  id: whatsappId,
  label: 'WhatsApp',
  config: whatsappSection,
  senders: 'platform',
  inCommonNames,
  mediaFrom: ({ apiRoot }) => (URL.canParse(apiRoot) && new URL(apiRoot).host !== 'web.whatsapp.com' ? { hosts: [], own: new URL(apiRoot.replace(/^ws/, 'http')).origin } : { hosts: ['mmg.whatsapp.net'] }),
  // The library, with its keys and codecs, is loaded when there is an account to connect or to link, and costs nothing before.
  connect: async (config, host) => (await import('./connect.ts')).connectWhatsApp(config, host),
  login: (config, host, wish) => loginLazily(config, host, wish),
  loginByNumber: true,
  logout: async (config, host) => (await import('./login.ts')).unlinkDevice(config, host),
})

async function* loginLazily(config: WhatsAppConfig, host: ChannelHost, wish: LoginWish): AsyncGenerator<LoginStep> {
  yield* (await import('./login.ts')).linkDevice(config, host, wish)
}

export default whatsapp

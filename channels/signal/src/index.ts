/**
 * Signal, through the daemon of signal-cli that the operator runs or lets the gateway start. This package translates between its
 * JSON-RPC and the contract's messages: it writes down what arrives before anything else, because Signal does not bring it twice,
 * renders styles, and says how the connection is. It never decides who may speak, never keeps a conversation, and holds no keys.
 */
import { defineChannel, type ChannelHost, type LoginStep, type LoginWish } from '@moltbot/contract'
import { signalSection, type SignalConfig } from './config.ts'
import { originOf } from './rpc.ts'
import { signalId } from './signal-id.ts'

export { signalSection, type SignalConfig } from './config.ts'

export const signal = defineChannel({
  id: signalId,
  label: 'Signal',
  config: signalSection,
  senders: 'platform',
  mediaFrom(config) {
    const own = originOf(config)
    return { hosts: [], ...(own === undefined ? {} : { own }) }
  },
  // The Markdown parser and the rest are loaded when there is an account to connect, and cost nothing before.
  connect: async (config, host) => (await import('./connect.ts')).connectSignal(config, host),
  login: (config, host, wish) => loginLazily(config, host, wish),
  logout: async (config, host) => (await import('./login.ts')).unlinkDevice(config, host),
})

async function* loginLazily(config: SignalConfig, host: ChannelHost, wish: LoginWish): AsyncGenerator<LoginStep> {
  yield* (await import('./login.ts')).linkDevice(config, host, wish)
}

export default signal

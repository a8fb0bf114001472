/** A channel without a network that does what its messages say: for what happens to a process, not to a network. */
import { SendProblem, defineChannel, defineSection, type Channel, type ChannelId, type PlatformMessageId } from '@moltbot/contract'
import { Type } from 'typebox'

let sent = 0
const hoard: Uint8Array[] = []

export const wilful: Channel = defineChannel({
  id: 'wilful' as ChannelId,
  label: 'Wilful',
  config: defineSection({ path: 'channels.wilful', title: 'Wilful', reload: 'reconnect', schema: Type.Object({}), secrets: ['token'] }),
  senders: 'platform',
  async connect(config, host) {
    const { refuse } = config as { refuse?: boolean }
    if (refuse === true) throw new SendProblem('never', 'It does not want to.')
    const reached = Number((await host.state.get('starts')) ?? 0) + 1
    await host.state.set('starts', String(reached))
    host.health({ kind: 'connected', at: host.clock.now(), detail: `start ${reached}` })
    return {
      limits: { textLengthMax: 1_000, nonce: false, files: { bytesMax: 1_000_000, captionMax: 100 } },
      async send(_chat, message, signal) {
        switch (message.markdown) {
          case 'spin':
            for (;;) sent += 0
          case 'die':
            process.exit(7)
          case 'wait':
            return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new SendProblem('not-sent', 'called off')), { once: true }))
          case 'hoard':
            // A little at a time: it answers meanwhile whoever asks how much it has.
            while (process.memoryUsage.rss() < 300 * 1024 * 1024) {
              hoard.push(new Uint8Array(8 * 1024 * 1024).fill(1))
              await new Promise((resolve) => setImmediate(resolve))
            }
            break
          case 'pry':
            return String(await Promise.all(['accounts.other.token', 'elsewhere', 'token'].map((key) => host.secret(key).then((secret) => secret?.open('test') ?? 'none', (error: Error) => error.message)))) as PlatformMessageId
          case 'environment':
            return Object.keys(process.env).toSorted().join(' ') as PlatformMessageId
          case 'evaluate':
            // The ways to make a program of words.
            return [() => (Reflect.get(globalThis, 'eval') as (text: string) => unknown)('1'), () => new Function('return 1')() as unknown, () => Object.getPrototypeOf(async () => undefined).constructor('return 1'), () => ({}).toString.constructor('return 1')() as unknown]
              .map((way) => { try { way(); return 'made' } catch (error) { return (error as Error).name } }).join(' ') as PlatformMessageId
          case 'reject':
            throw new SendProblem('not-sent', 'Slow down.', { retryAfterMs: 1_234 })
          default:
        }
        const bytes = await message.file?.bytes()
        sent += 1
        return `${process.pid}/${sent}${bytes === undefined ? '' : `/${message.file?.fileName ?? ''}/${bytes.length}`}` as PlatformMessageId
      },
      async typing() {
        throw new Error('typing is broken')
      },
      async close() {
        host.health({ kind: 'closed' })
      },
    }
  },
})

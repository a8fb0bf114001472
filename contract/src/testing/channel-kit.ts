import { afterEach, type TestContext } from 'vitest'
import Value from 'typebox/value'
import type { Channel, Connection } from '../channel.ts'
import type { DeliveryKey } from '../ids.ts'
import type { ChatRef, IncomingMessage, OutgoingMessage } from '../message.ts'
import { createTestHost, type TestHost, type TestHostOptions } from './channel-host.ts'
import type { ChannelNetwork, Line, Words } from './channel-network.ts'

/** What the cases of a suite share. */
export interface ChannelKit {
  channel: Channel
  /** A network of its own, closed after the test. */
  begin(): Promise<{ network: ChannelNetwork; connect(options?: TestHostOptions): Promise<Line>; attempt(host: TestHost): Promise<Connection> }>
  line(options?: TestHostOptions): Promise<Line>
  /** Somebody says something; the message as the gateway got it. */
  hear(at: Line, said: Words): Promise<IncomingMessage>
  /** Anna says something; where she said it. */
  chatWithAnna(at: Line): Promise<ChatRef>
  /** Skips the case, by name, when the network or the channel has no such thing. */
  needs<T>(context: TestContext, ability: T | undefined | false, name: string): asserts ability is T
}

/** The gateway's side of a network. */
export const hostOf = (network: ChannelNetwork, options: TestHostOptions = {}): TestHost =>
  createTestHost({ ...(network.secrets === undefined ? {} : { secrets: network.secrets }), ...(network.sealed === undefined ? {} : { sealed: network.sealed }), ...options })

/** Nobody calls it off. */
export const never = new AbortController().signal

let lastKey = 0
/** A message of ours under a key of its own. */
export const words = (markdown: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({ key: `k${++lastKey}` as DeliveryKey, markdown, ...more })

/** What a promise failed with; undefined when it did not. */
export const failure = async (work: Promise<unknown>): Promise<unknown> => work.then(() => undefined, (error: unknown) => error)

export const hasPlace = (network: ChannelNetwork, place: 'group' | 'topics'): boolean => network.places?.includes(place) === true

export function createChannelKit(channel: Channel, start: () => Promise<ChannelNetwork>): ChannelKit {
  const open: { network: ChannelNetwork; connections: Connection[] }[] = []

  afterEach(async () => {
    for (const { network, connections } of open.splice(0)) {
      await Promise.all(connections.map((connection) => connection.close()))
      await network.stop()
    }
  })

  async function begin(): Promise<{ network: ChannelNetwork; connect(options?: TestHostOptions): Promise<Line>; attempt(host: TestHost): Promise<Connection> }> {
    const network = await start()
    const entry = { network, connections: [] as Connection[] }
    open.push(entry)
    const config = Value.Default(channel.config.schema, structuredClone(network.config)) as never
    async function attempt(host: TestHost): Promise<Connection> {
      const connection = await channel.connect(config, host)
      entry.connections.push(connection)
      network.connected?.(connection)
      return connection
    }
    return {
      network,
      attempt,
      async connect(options = {}) {
        const host = hostOf(network, options)
        return { network, host, connection: await attempt(host) }
      },
    }
  }

  const line = async (options?: TestHostOptions): Promise<Line> => (await begin()).connect(options)

  function needs<T>(context: TestContext, ability: T | undefined | false, name: string): asserts ability is T {
    if (ability === undefined || ability === false) context.skip(`${channel.label} has no ${name}`)
  }

  async function hear({ network, host }: Line, said: Words): Promise<IncomingMessage> {
    const { id } = await network.say(said)
    // Networks count messages per chat: the id alone does not tell which one it is.
    const found = (): IncomingMessage | undefined => host.taken.find((message) => message.id === id && message.text.includes(said.text))
    await host.until(() => found() !== undefined, `"${said.text.slice(0, 40)}"`)
    return found() as IncomingMessage
  }

  async function chatWithAnna(at: Line): Promise<ChatRef> {
    return (await hear(at, { from: 'anna', text: 'hello' })).chat
  }

  return { channel, begin, line, hear, chatWithAnna, needs }
}

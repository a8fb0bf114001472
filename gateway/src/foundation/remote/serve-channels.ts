import { Secret, connectionAbilities, describeError, type Channel, type ChannelHost, type Clock, type Connection, type LoginStep, type Logger, type Media } from '@moltbot/contract'
import { signalAt, type AnyConnection, type CarriedMessage, type Opened, type Opening } from './agreement.ts'
import { createPeer, type Peer } from './peer.ts'

/** The part of Node's `process` that a program with a line to its parent has. */
export interface ChildProcessLine {
  send?(message: unknown): boolean
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'disconnect', listener: () => void): unknown
  on(event: 'unhandledRejection', listener: (error: unknown) => void): unknown
  exit(code: number): never
  memoryUsage: { rss(): number }
}

/**
 * The other half of `createChannelProcesses`: opens accounts of these channels as the gateway asks, with a host whose every member is the
 * gateway's own at the other end of the line. Ends the process when that end is gone.
 */
export function serveChannels({ channels, clock, line: process }: { channels: readonly Channel[]; clock: Clock; line: ChildProcessLine }): void {
  const connections = new Map<number, Connection>()
  const peer = createPeer({
    clock,
    post(message) {
      if (process.send === undefined) throw new Error('there is no line to a gateway')
      process.send(message)
    },
    heard: () => undefined,
    handle,
  })

  const channelOf = (id: string): Channel => {
    const found = channels.find((channel) => channel.id === id)
    if (found === undefined) throw new Error(`there is no channel ${id}`)
    return found
  }

  async function handle(method: string, args: unknown[], signal: AbortSignal): Promise<unknown> {
    switch (method) {
      case 'ping':
        return process.memoryUsage.rss()
      case 'open': {
        const opening = args[0] as Opening
        const connection = (await channelOf(opening.channel).connect(opening.config as never, hostOf(peer, opening, clock))) as AnyConnection
        connections.set(opening.line, connection)
        return { limits: connection.limits, abilities: connectionAbilities.filter((ability) => connection[ability] !== undefined) } satisfies Opened
      }
      case 'login': {
        const [opening, phone] = args as [Opening, string | undefined]
        const steps = channelOf(opening.channel).login?.(opening.config as never, hostOf(peer, opening, clock), { signal, ...(phone === undefined ? {} : { phone }) }) ?? ([] as never as AsyncIterable<LoginStep>)
        for await (const step of steps) peer.tell('step', [opening.line, step])
        return undefined
      }
      case 'logout': {
        const opening = args[0] as Opening
        return channelOf(opening.channel).logout?.(opening.config as never, hostOf(peer, opening, clock))
      }
      case 'close': {
        const [line] = args as [number]
        await connections.get(line)?.close()
        connections.delete(line)
        return undefined
      }
      default:
        return use(method as keyof typeof signalAt, args, signal)
    }
  }

  async function use(ability: keyof typeof signalAt, [line, ...given]: unknown[], signal: AbortSignal): Promise<unknown> {
    const connection = connections.get(line as number) as AnyConnection | undefined
    const work = connection?.[ability]
    if (connection === undefined || work === undefined) throw new Error('this connection is closed, or cannot do that')
    const args = given.map((argument) => withFile(peer, line as number, argument))
    const at = signalAt[ability]
    if (at !== undefined) args[at] = signal
    return work.apply(connection, args)
  }

  process.on('message', (message) => peer.hear(message))
  // Nothing can be kept any more: what is not durable comes again.
  process.on('disconnect', () => process.exit(0))
  process.on('unhandledRejection', (error) => peer.tell('log', [0, 'error', 'Something in a channel’s process was not awaited; it goes on.', { error: describeError(error) }]))
}

/** A message whose file's bytes are fetched from the gateway when they are asked for. */
function withFile(peer: Peer, line: number, argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null || !('file' in argument) || (argument as CarriedMessage).file === undefined) return argument
  const { file, ...message } = argument as CarriedMessage
  if (file === undefined) return argument
  const { token, ...facts } = file
  return { ...message, file: { ...facts, bytes: () => peer.call('bytes', [line, token]) } }
}

function hostOf(peer: Peer, { line, account, sealed, films, commands }: Opening, clock: Clock): ChannelHost {
  const ask = (method: string, ...args: unknown[]): Promise<never> => peer.call(method, [line, ...args]) as Promise<never>
  return {
    account: account as ChannelHost['account'],
    receive: (message) => ask('receive', message),
    async secret(key) {
      const found = (await ask('secret', key)) as { name: string; value: string } | undefined
      return found === undefined ? undefined : new Secret(found.name, found.value)
    },
    state: { get: (key) => ask('state.get', key), set: (key, value) => ask('state.set', key, value) },
    ...(sealed ? { sealed: { get: (names) => ask('sealed.get', [...names]), set: (values) => ask('sealed.set', new Map(values)), clear: () => ask('sealed.clear') } } : {}),
    health: (report) => peer.tell('health', [line, report]),
    notice: (notice) => peer.tell('notice', [line, notice]),
    clock,
    log: loggerOf(peer, line),
    fetch: (input, init) => globalThis.fetch(input, init),
    media: ({ signal, ...request }) => peer.call('media', [line, request], signal) as Promise<Media>,
    films,
    ...(commands === undefined ? {} : { commands }),
  }
}

/** Everything is said to the gateway's own log, where what must not be read is taken out of it. */
function loggerOf(peer: Peer, line: number): Logger {
  const say = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, facts?: Record<string, unknown>): void => {
    peer.tell('log', [line, level, message, facts === undefined ? undefined : plain(facts)])
  }
  const logger: Logger = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error'), child: () => logger }
  return logger
}

/** Facts are plain data; whatever else a library put there is left out as JSON leaves it out. */
function plain(facts: Record<string, unknown>): Record<string, unknown> {
  try {
    return JSON.parse(JSON.stringify(facts)) as Record<string, unknown>
  } catch {
    // It holds itself, or cannot be written down: the sentence stands alone.
    return {}
  }
}

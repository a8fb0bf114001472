import { spawn, type ChildProcess } from 'node:child_process'
import {
  ConnectProblem, SendProblem, connectionAbilities, describeError, type Channel, type ChannelHealth, type ChannelHost, type ChannelNotice, type ChatRef, type Clock, type Connection, type ConnectionAbility, type IncomingMessage, type LoginStep, type LoginWish, type Logger,
  type MediaRequest, type OutgoingFile, type OutgoingMessage,
} from '@moltbot/contract'
import { signalAt, type AnyConnection, type CarriedMessage, type Opened, type Opening } from './agreement.ts'
import { PeerGone, createPeer, type Peer } from './peer.ts'

/** What changes something on the network: a failure says how certain it is. */
const effects: ReadonlySet<ConnectionAbility | 'send'> = new Set(['send', 'edit', 'remove', 'react', 'pin', 'unpin', 'poll', 'sticker'])
/** It is asked this often whether it still answers, and ended when it missed so many answers in a row. */
const askEveryMs = 5_000
const missesMax = 4
/** A process that was just started may take this long until it answers at all. */
const startPatienceMs = 120_000
/** After it ended by itself; grows to the maximum, and starts over once it stood. */
const pauseFirstMs = 1_000
const pauseMaxMs = 30_000
const steadyAfterMs = 60_000
/** A connection may take five seconds to close. */
const closePatienceMs = 4_500
/** Without an account it is kept this long: an account that is opened anew finds it there. */
const idleMs = 3_000
/** Beside the memory of JavaScript itself, which Node limits, there are buffers and the program. */
const besideHeapMb = 150

export interface ChannelProcessesOptions {
  /** How the program is started that calls `serveChannels`. */
  command: { file: string; args: readonly string[] }
  /** All of the environment it gets. */
  environment: Readonly<Record<string, string>>
  clock: Clock
  log: Logger
}

export interface ChannelProcesses {
  /**
   * The same channel. Accounts whose values say `process: 'own'` are opened in a process that belongs to this channel alone; it is started with the
   * first of them, and again whenever it ends, hangs or takes more memory than `processMemoryMb`. Everything else stays as it was.
   */
  wrap(channel: Channel): Channel
  /** Ends every process, whatever it does. */
  close(): Promise<void>
}

interface Running {
  child: ChildProcess
  peer: Peer
  lines: Set<Line>
  /** Why we ended it; undefined while it is to go on. */
  ending: string | undefined
  cancelAsk(): void
  cancelIdle(): void
}

/** One account that is open in a process, or being logged in. */
interface Line {
  number: number
  host: ChannelHost
  channel: Channel
  /** While it is being opened: that it is connected is told once it can be used. */
  held: ChannelHealth[] | undefined
  onStep(step: LoginStep): void
  onGone(reason: string): void
}

const nothingToDo = 'It has nothing to do any more.'
const words = (channel: Channel): string => `The process of ${channel.label}`

export function createChannelProcesses({ command, environment, clock, log }: ChannelProcessesOptions): ChannelProcesses {
  /** The one that is used for each channel, and all there are, those that are just ending with them. */
  const processes = new Map<string, Running>()
  const all = new Set<Running>()
  const lines = new Map<number, Line>()
  const files = new Map<number, OutgoingFile>()
  let lastNumber = 0
  let closed = false

  function processOf(channel: Channel, memoryMb: number): Running {
    const there = processes.get(channel.id)
    if (there !== undefined && there.ending === undefined) {
      there.cancelIdle()
      return there
    }
    if (closed) throw new ConnectProblem('The gateway is stopping.', { permanent: false, next: 'Start it again.' })
    // No word of a network ever becomes a program there: `eval` and its like are refused to every library.
    const child = spawn(command.file, [`--max-old-space-size=${memoryMb}`, '--disallow-code-generation-from-strings', ...command.args], { env: environment, stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced' })
    const peer = createPeer({
      clock,
      post(message) {
        if (!child.connected) throw new PeerGone(true)
        child.send(message as object, () => {
          // That it is gone is heard by `close` below.
        })
      },
      handle: serve,
      heard: hear,
    })
    const running: Running = { child, peer, lines: new Set(), ending: undefined, cancelAsk: () => undefined, cancelIdle: () => undefined }
    processes.set(channel.id, running)
    all.add(running)
    let lastWords = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (lastWords = (lastWords + text).slice(-2_000)))
    child.on('message', (message) => peer.hear(message))
    let over = false
    const end = (how: string): void => {
      if (over) return
      over = true
      if (processes.get(channel.id) === running) processes.delete(channel.id)
      all.delete(running)
      running.cancelAsk()
      running.cancelIdle()
      if (running.ending !== nothingToDo && !closed) log.warn('The process of a channel ended.', { channel: channel.id, how: running.ending ?? how, lastWords: lastWords.trim().slice(-500) })
      peer.end()
      for (const line of [...running.lines]) line.onGone(running.ending ?? `${words(channel)} ended (${how}).`)
    }
    child.once('error', (error) => end((error as NodeJS.ErrnoException).code ?? error.name))
    child.once('close', (code, signal) => end(signal ?? `code ${String(code)}`))
    watch(running, channel, memoryMb)
    return running
  }

  /** A process that does not answer is ended: what hangs never comes back by itself. */
  function watch(running: Running, channel: Channel, memoryMb: number): void {
    let misses = 0
    let began = false
    const ask = (): void => {
      misses += 1
      running.peer.call('ping', []).then((rss) => {
        misses = 0
        began = true
        if (Number(rss) > (memoryMb + besideHeapMb) * 1024 * 1024) kill(running, `${words(channel)} took more than ${memoryMb + besideHeapMb} MB of memory and was ended; another one is started.`)
      }, () => {
        // It ended: said elsewhere.
      })
      running.cancelAsk = clock.after(askEveryMs, () => {
        if (misses >= (began ? missesMax : startPatienceMs / askEveryMs)) kill(running, `${words(channel)} did not answer for ${(misses * askEveryMs) / 1_000} s and was ended; another one is started.`)
        else ask()
      })
    }
    ask()
  }

  function kill(running: Running, reason: string): void {
    running.ending ??= reason
    running.child.kill('SIGKILL')
  }

  /** Ends a process that has nothing to do. */
  function release(running: Running, line: Line): void {
    lines.delete(line.number)
    running.lines.delete(line)
    if (running.lines.size > 0) return
    running.cancelIdle()
    running.cancelIdle = clock.after(idleMs, () => {
      if (running.lines.size === 0) kill(running, nothingToDo)
    })
  }

  const lineOf = (number: unknown): Line => {
    const line = lines.get(number as number)
    if (line === undefined) throw new Error('this account is closed')
    return line
  }

  /** What a channel asks of its host. It reaches what belongs to its own account, and nothing else. */
  async function serve(method: string, [number, ...args]: unknown[], signal: AbortSignal): Promise<unknown> {
    const { host, channel } = lineOf(number)
    switch (method) {
      case 'receive':
        return host.receive(args[0] as IncomingMessage)
      case 'secret': {
        const [key] = args as [string]
        if (channel.config.secrets?.includes(key) !== true || key.includes('*')) throw new Error('this is no secret of the channel')
        const secret = await host.secret(key)
        return secret === undefined ? undefined : { name: secret.name, value: secret.open('the channel’s own process') }
      }
      case 'state.get':
        return host.state.get(args[0] as string)
      case 'state.set':
        return host.state.set(args[0] as string, args[1] as string)
      case 'sealed.get':
        return host.sealed?.get(args[0] as string[])
      case 'sealed.set':
        return host.sealed?.set(args[0] as Map<string, string | undefined>)
      case 'sealed.clear':
        return host.sealed?.clear()
      case 'media':
        return host.media({ ...(args[0] as Omit<MediaRequest, 'signal'>), signal })
      case 'bytes': {
        const file = files.get(args[0] as number)
        if (file === undefined) throw new SendProblem('never', 'The file is no longer there.')
        return file.bytes()
      }
      default:
        throw new Error(`a channel asked for ${method}`)
    }
  }

  function hear(name: string, [number, ...args]: unknown[]): void {
    const line = lines.get(number as number)
    if (name === 'log') {
      const [level, message, facts] = args as ['debug' | 'info' | 'warn' | 'error', string, Record<string, unknown> | undefined]
      return (line?.host.log ?? log)[level](message, facts)
    }
    if (line === undefined) return
    if (name === 'health') {
      const report = args[0] as ChannelHealth
      if (line.held !== undefined && report.kind === 'connected') line.held.push(report)
      else line.host.health(report)
    } else if (name === 'notice') line.host.notice(args[0] as ChannelNotice)
    else if (name === 'step') line.onStep(args[0] as LoginStep)
  }

  const openingOf = (line: Line, config: unknown): Opening => ({
    line: line.number, channel: line.channel.id, account: line.host.account, config, sealed: line.host.sealed !== undefined, films: line.host.films === true, commands: line.host.commands === undefined ? undefined : line.host.commands.map(({ name, description }) => ({ name, description })),
  })

  function begin(channel: Channel, host: ChannelHost, memoryMb: number, on: Pick<Line, 'onStep' | 'onGone'>): { line: Line; running: Running } {
    const running = processOf(channel, memoryMb)
    const line: Line = { number: ++lastNumber, host, channel, held: [], ...on }
    lines.set(line.number, line)
    running.lines.add(line)
    return { line, running }
  }

  const gone = (channel: Channel): ConnectProblem => new ConnectProblem(`${words(channel)} ended before it was ready.`, { permanent: false, next: 'It is started again by itself; see `moltbot logs`.' })

  async function connect(channel: Channel, config: unknown, host: ChannelHost, memoryMb: number): Promise<Connection> {
    let current: { line: Line; running: Running } | undefined
    let attempt = 0
    let upSince = 0
    let closing: Promise<void> | undefined
    let cancelPause = (): void => {}

    async function open(): Promise<Opened> {
      let reason: string | undefined
      const mine = begin(channel, host, memoryMb, {
        onStep: () => undefined,
        onGone(words) {
          reason = words
          release(mine.running, mine.line)
          if (current === mine) lose(words)
        },
      })
      try {
        const opened = (await mine.running.peer.call('open', [openingOf(mine.line, config)])) as Opened
        if (closing !== undefined) void mine.running.peer.call('close', [mine.line.number]).catch(() => undefined).finally(() => release(mine.running, mine.line))
        else current = mine
        upSince = clock.now()
        const { held = [] } = mine.line
        mine.line.held = undefined
        for (const report of held) host.health(report)
        return opened
      } catch (error) {
        release(mine.running, mine.line)
        throw error instanceof PeerGone ? new ConnectProblem(reason ?? gone(channel).message, { permanent: false, next: gone(channel).next }) : error
      }
    }

    /** Only the process is lost, with all that was open in it: the account is opened anew in another one. */
    function lose(reason: string): void {
      current = undefined
      if (closing !== undefined) return
      if (clock.now() - upSince >= steadyAfterMs) attempt = 0
      attempt += 1
      const pauseMs = Math.min(pauseMaxMs, pauseFirstMs * 2 ** Math.min(10, attempt - 1))
      host.health({ kind: 'retrying', since: clock.now(), reason, attempt, nextAt: clock.now() + pauseMs })
      cancelPause = clock.after(pauseMs, () => {
        open().catch((error: unknown) => {
          if (closing !== undefined) return
          if (!(error instanceof ConnectProblem) || !error.permanent) return lose(describeError(error))
          host.health({ kind: 'needs-you', reason: error.message, action: error.next })
        })
      })
    }

    const { limits, abilities: able } = await open()

    async function use(ability: ConnectionAbility | 'send', args: unknown[]): Promise<unknown> {
      const at = signalAt[ability]
      const signal = at === undefined ? undefined : (args[at] as AbortSignal)
      const effect = effects.has(ability)
      if (current === undefined || closing !== undefined) {
        throw effect ? new SendProblem('not-sent', closing === undefined ? `${words(channel)} is being started again.` : `The ${channel.label} connection is closed.`) : new Error('the connection is closed')
      }
      if (effect && signal?.aborted === true) throw new SendProblem('not-sent', 'The send was called off.')
      const { peer } = current.running
      const number = current.line.number
      const { carried, done } = carry(args.filter((_, index) => index !== at))
      try {
        return await peer.call(ability, [number, ...carried], signal)
      } catch (error) {
        if (effect && error instanceof PeerGone) throw new SendProblem(error.before ? 'not-sent' : 'unknown', error.message, { cause: error })
        throw error
      } finally {
        done()
      }
    }

    async function close(): Promise<void> {
      cancelPause()
      const last = current
      if (last === undefined) return host.health({ kind: 'closed' })
      let cancel = (): void => {}
      const late = new Promise<'late'>((resolve) => (cancel = clock.after(closePatienceMs, () => resolve('late'))))
      const how = await Promise.race([last.running.peer.call('close', [last.line.number]).catch(() => 'late' as const), late])
      cancel()
      // What does not even close hangs; other accounts of this channel are opened anew in another process.
      if (how === 'late') {
        kill(last.running, `${words(channel)} did not close an account in time and was ended.`)
        host.health({ kind: 'closed' })
      }
      current = undefined
      release(last.running, last.line)
    }

    const connection = { limits, close: () => (closing ??= close()) } as AnyConnection
    for (const ability of ['send', ...connectionAbilities] as const) {
      if (ability !== 'send' && !able.includes(ability)) continue
      connection[ability] = ((...args: unknown[]) => use(ability, args)) as never
    }
    // A sign of life that does not arrive is not worth a word.
    if (able.includes('typing')) connection.typing = ((chat: ChatRef) => use('typing', [chat]).catch(() => undefined)) as never
    return connection
  }

  /** Arguments as they cross: of a file goes what it is, and its bytes when they are asked for. */
  function carry(args: unknown[]): { carried: unknown[]; done(): void } {
    const tokens: number[] = []
    const carried = args.map((argument) => {
      const file = typeof argument === 'object' && argument !== null ? (argument as Partial<OutgoingMessage>).file : undefined
      if (file === undefined) return argument
      const token = ++lastNumber
      tokens.push(token)
      files.set(token, file)
      const { kind, fileName, mimeType, sizeBytes } = file
      return { ...(argument as OutgoingMessage), file: { kind, fileName, mimeType, sizeBytes, token } } satisfies CarriedMessage
    })
    return { carried, done: () => tokens.forEach((token) => files.delete(token)) }
  }

  async function* login(channel: Channel, config: unknown, host: ChannelHost, memoryMb: number, wish: LoginWish): AsyncGenerator<LoginStep> {
    const steps: LoginStep[] = []
    let wake = (): void => {}
    let over = false
    const controller = new AbortController()
    const { line, running } = begin(channel, host, memoryMb, { onStep: (step) => (steps.push(step), wake()), onGone: () => undefined })
    const work = running.peer.call('login', [openingOf(line, config), wish.phone], AbortSignal.any([wish.signal, controller.signal])).finally(() => {
      over = true
      wake()
    })
    work.catch(() => {
      // Thrown below, to whoever still follows the steps.
    })
    try {
      for (;;) {
        const step = steps.shift()
        if (step !== undefined) yield step
        else if (over) break
        else await new Promise<void>((resolve) => (wake = resolve))
      }
      await work
    } catch (error) {
      throw error instanceof PeerGone ? gone(channel) : error
    } finally {
      controller.abort()
      release(running, line)
    }
  }

  async function logout(channel: Channel, config: unknown, host: ChannelHost, memoryMb: number): Promise<void> {
    const { line, running } = begin(channel, host, memoryMb, { onStep: () => undefined, onGone: () => undefined })
    try {
      await running.peer.call('logout', [openingOf(line, config)])
    } finally {
      release(running, line)
    }
  }

  return {
    wrap(channel) {
      if (channel.senders !== 'platform') return channel
      const own = (config: unknown): number | undefined => {
        const { process, processMemoryMb } = config as { process?: string; processMemoryMb?: number }
        return process === 'own' ? (processMemoryMb ?? 256) : undefined
      }
      const { login: loginHere, logout: logoutHere } = channel
      return {
        ...channel,
        connect(config, host) {
          const memoryMb = own(config)
          return memoryMb === undefined ? channel.connect(config, host) : connect(channel, config, host, memoryMb)
        },
        ...(loginHere === undefined ? {} : { login(config: never, host: ChannelHost, wish: LoginWish) {
          const memoryMb = own(config)
          return memoryMb === undefined ? loginHere.call(channel, config, host, wish) : login(channel, config, host, memoryMb, wish)
        } }),
        ...(logoutHere === undefined ? {} : { logout(config: never, host: ChannelHost) {
          const memoryMb = own(config)
          return memoryMb === undefined ? logoutHere.call(channel, config, host) : logout(channel, config, host, memoryMb)
        } }),
      }
    },
    async close() {
      closed = true
      await Promise.all([...all].map((running) => new Promise<void>((resolve) => {
        running.child.once('close', () => resolve())
        running.child.once('error', () => resolve())
        kill(running, 'The gateway is stopping.')
      })))
    },
  }
}

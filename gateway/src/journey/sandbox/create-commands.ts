import { createHash, randomBytes } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import {
  describeError, Problem, type AgentId, type Clock, type CommandFacts, type CommandReport, type CommandRequest, type CommandState, type Commands, type Logger, type NewId, type PrincipalId, type SandboxFacts, type SandboxProbe,
  type SessionKey,
} from '@moltbot/contract'
import type { BackgroundCommands } from './background-commands.ts'
import { bwrapIsolation } from './bwrap.ts'
import { commandOutput, plainOutput, type CommandOutput } from './command-output.ts'
import { commandWords } from './command-words.ts'
import { containerIsolation } from './container.ts'
import type { ExecConfig, SandboxConfig } from './config.ts'
import type { GrantSubject } from './create-grants.ts'
import type { IsolatedProcess, IsolatedProgram, Isolation } from './isolation.ts'
import { parsePath } from './parse-path.ts'
import { probeIsolation } from './probe-isolation.ts'
import { seatbeltIsolation } from './seatbelt.ts'
import { refusedReadOnly } from './toolchain.ts'
import { keysIn, lookAtObeyed, putAside } from './workspace-watch.ts'

export interface CommandsOptions {
  /** Absolute; the subject's own. */
  workspaceOf(subject: GrantSubject): string
  /** How an agent's commands are isolated; without one, those of an agent that has no settings of its own. */
  sandbox(agent?: AgentId): SandboxConfig
  exec(): ExecConfig
  clock: Clock
  newId: NewId
  /** The gateway's own folders: state, vault key. Nothing of them may be given to a command. */
  own: readonly string[]
  /** The way out, where there is one: the proxy's socket, and under which name this subject asks. Absent: no network. */
  egress?(subject: GrantSubject): { socket: string; user: string; password: string } | undefined
  /** Told before a command may change a workspace; what it resolves with is called after its end. Absent: nobody needs to know. */
  changing?(subject: GrantSubject, workspace: string, facts: { network: boolean }): Promise<(() => Promise<void>) | undefined>
  /** Who is told of what goes on after its call, and of its end. Absent: nobody. */
  background?: Pick<BackgroundCommands, 'begun' | 'ended' | 'told'>
  log?: Logger
  /** What isolates; absent: what the configuration and the system say. */
  isolation?: (config: SandboxConfig) => Isolation
}

/** The room's side of the grant: one for all sessions. */
export interface CommandRoom {
  grant(subject: GrantSubject): Commands
  /** Ends everything a session runs. Resolves with how many there were, when nothing of them is left. */
  stop(session: SessionKey): Promise<number>
  /** Ends everything that runs now, in every session, and takes more afterwards. Resolves as `stop`. */
  stopAll(): Promise<number>
  /** What runs now, in every session. */
  running(): { session: SessionKey; principal: PrincipalId; command: CommandFacts }[]
  /** `agent` absent: as for an agent without settings of its own. */
  explain(agent?: AgentId): Promise<SandboxFacts>
  probe(agent?: AgentId): Promise<SandboxProbe[]>
  /** Ends everything. */
  close(): Promise<void>
}

/** Running at the same time: in one session, and in all. */
const runningMax = 8
const runningInAllMax = 32
/** Ended ones that are kept, per session. */
const keptMax = 20
/** Said by one command before it is ended: more than anyone reads, far less than a disk. */
const saidMax = 256 * 1024 * 1024
/** How long a program that was asked to end gets. */
const graceMs = 2_000
const watchMs = 500
const mib = 1024 * 1024

interface Running {
  id: string
  owner: string
  workspace: string
  shown: string
  cwd: string
  startedAt: number
  endedAt: number | null
  state: CommandState
  output: CommandOutput
  bytes: number
  process: IsolatedProcess
  network: boolean
  putAside: { from: string; to: string }[]
  /** It goes on after its call, and its end is told. */
  later: boolean
  ended: Promise<void>
  end(state: Extract<CommandState, { kind: 'ended' }>, grace?: boolean): void
}

export function createCommands(options: CommandsOptions): CommandRoom {
  const { clock } = options
  const all = new Map<string, Running>()
  /** Calls off that what has ended is forgotten in time. */
  const forgetting = new Set<() => void>()
  const isolations = new Map<string, Isolation>()
  const run = randomBytes(8).toString('hex')
  let closed = false

  const ownerOf = (subject: GrantSubject): string => JSON.stringify([subject.session, subject.principal])
  const ours = (owner: string): Running[] => [...all.values()].filter((each) => each.owner === owner)
  const isRunning = (each: Running): boolean => each.endedAt === null

  function isolationFor(config: SandboxConfig): Isolation {
    const known = isolations.get(`${config.backend} ${config.docker.image}`)
    if (known !== undefined) return known
    const made = options.isolation?.(config) ?? chooseIsolation(config, clock, options.own, run)
    isolations.set(`${config.backend} ${config.docker.image}`, made)
    return made
  }

  async function available(config: SandboxConfig): Promise<Isolation> {
    const isolation = isolationFor(config)
    const found = await isolation.check()
    if (!found.available) throw new Problem('sandbox-unavailable', `Commands are not run, because they could not be isolated from this machine. ${found.reason}`, { next: `The owner can mend it with: ${found.remedy}` })
    return isolation
  }

  function readOnlyOf(config: SandboxConfig): string[] {
    return config.readOnly.map((path) => {
      const why = refusedReadOnly(path, [...options.own, homedir()])
      if (why !== undefined) throw new Problem('sandbox-misconfigured', `Commands are not run, because agents.defaults.sandbox.readOnly names ${path} and ${why}.`, { next: 'Take it out of the configuration.' })
      return realpathSync(path)
    })
  }

  function find(subject: GrantSubject, id: string): Running {
    const found = all.get(id)
    if (found === undefined || found.owner !== ownerOf(subject)) {
      throw new Problem('command-unknown', `There is no command ${id.slice(0, 40)} in this conversation.`, { next: 'List them. What ran when the gateway last stopped ended with it.' })
    }
    return found
  }

  const facts = (each: Running): CommandFacts => ({
    id: each.id, command: each.shown.replaceAll(/\s+/g, ' ').slice(0, 300), cwd: each.cwd, startedAt: each.startedAt, endedAt: each.endedAt, state: each.state, said: each.output.said(), network: each.network,
  })
  const report = (each: Running): CommandReport => {
    const aside = each.putAside
    each.putAside = []
    return { ...facts(each), output: plainOutput(each.output.news()), putAside: aside }
  }

  /** Resolves at the end, after `waitMs`, or when the caller gives up; whichever is first. */
  async function waitFor(each: Running, waitMs: number, signal?: AbortSignal): Promise<void> {
    if (!isRunning(each)) return each.ended
    let cancel = (): void => undefined
    let aborted = (): void => undefined
    await Promise.race([
      each.ended,
      new Promise<void>((resolve) => { cancel = clock.after(waitMs, resolve) }),
      new Promise<void>((resolve) => {
        aborted = resolve
        signal?.addEventListener('abort', aborted, { once: true })
      }),
    ])
    cancel()
    signal?.removeEventListener('abort', aborted)
  }

  async function start(subject: GrantSubject, request: CommandRequest): Promise<Running> {
    if (closed) throw new Problem('sandbox-closed', 'The gateway is stopping.')
    const config = options.sandbox(subject.agent)
    const shell = existsSync('/bin/bash') && config.backend !== 'docker' && config.backend !== 'podman' ? ['/bin/bash', '--norc', '--noprofile', '-c', '--'] : ['/bin/sh', '-c', '--']
    const { words, shown, env } = commandWords(request, shell)
    const folder = parsePath(request.cwd ?? '', { folder: true })
    const owner = ownerOf(subject)
    const [running, inAll] = [ours(owner).filter(isRunning).length, [...all.values()].filter(isRunning).length]
    if (running >= runningMax || inAll >= runningInAllMax) {
      throw new Problem('commands-full', running >= runningMax ? `${running} commands are running in this conversation already.` : `${inAll} commands are running on this gateway already.`, { next: 'Wait for one to end, or kill one.' })
    }
    const isolation = await available(config)
    if (request.pty === true && isolation.terminal === false) throw new Problem('sandbox-no-terminal', `There is no terminal in a container of ${isolation.backend}.`, { next: 'Run it without pty.' })
    const workspace = await folderOf(options.workspaceOf(subject))
    const [hidden, before, disk] = [await keysIn(workspace), await lookAtObeyed(workspace), await diskOf(workspace)]
    // Places are covered by their names: nobody inside may rename something between the look and the cover.
    if (hidden.length > 0 && [...all.values()].some((each) => isRunning(each) && each.workspace === workspace)) {
      throw new Problem('commands-busy', 'A command is still running, and this workspace holds files with keys: there, commands run one at a time.', { next: 'Wait for it or kill it.' })
    }
    if (disk.freeBytes < config.diskReserveMb * mib) throw new Problem('disk-full', `Commands are not run while less than ${config.diskReserveMb} MiB of the disk are free.`, { next: 'Make room on the disk.' })
    const egress = options.egress?.(subject)
    const program: IsolatedProgram = {
      words, folder, env, workspace, access: config.workspaceAccess === 'ro' ? 'ro' : 'rw', hidden, pty: request.pty === true, input: request.input === true, readOnly: readOnlyOf(config), limits: config,
      ...(egress === undefined ? {} : { egress }),
    }
    const changed = await options.changing?.(subject, workspace, { network: egress !== undefined })
    // Asked again: others may have been started while we looked.
    if (hidden.length > 0 && [...all.values()].some((each) => isRunning(each) && each.workspace === workspace)) throw new Problem('commands-busy', 'Another command was started at the same moment.', { next: 'Try again.' })
    const process = isolation.start(program)
    const each: Running = {
      id: options.newId('cmd'), owner, workspace, shown, cwd: folder.join('/') || '.', startedAt: clock.now(), endedAt: null, state: { kind: 'running' }, output: commandOutput(), bytes: 0, process,
      network: egress !== undefined, putAside: [], later: false, ended: Promise.resolve(),
      end(state, grace = false) {
        if (each.state.kind !== 'running') return
        each.state = state
        if (!grace) return process.kill()
        process.ask()
        const cancel = clock.after(graceMs, () => process.kill())
        void process.ended.then(cancel)
      },
    }
    all.set(each.id, each)
    process.output.on('data', (data: Buffer) => {
      each.output.add(data)
      each.bytes += data.length
      if (each.bytes > saidMax) each.end({ kind: 'ended', by: 'limit', why: `it said more than ${saidMax / mib} MiB` })
    })
    process.input?.on('error', () => {
      // It ended or closed its input; whoever writes next is told.
    })
    const timeoutMs = Math.max(1, Math.min(request.timeoutMs ?? Number.POSITIVE_INFINITY, options.exec().timeoutSec * 1_000))
    const cancelTimeout = clock.after(timeoutMs, () => each.end({ kind: 'ended', by: 'timeout', why: `it did not end within ${Math.round(timeoutMs / 100) / 10} s` }, true))
    const stopWatching = watch(each, config, disk)
    each.ended = process.ended.then(async ({ code }) => {
      cancelTimeout()
      stopWatching()
      if (each.state.kind === 'running') each.state = { kind: 'exited', code }
      if (program.access === 'rw') {
        each.putAside = await putAside(workspace, before, each.id.slice(-8)).catch((error: unknown) => [{ from: `what it may have left (${describeError(error)})`, to: 'nowhere' }])
      }
      await changed?.().catch(() => {
        // Whoever was told before it began goes on counting on the worst.
      })
      each.endedAt = clock.now()
      const kept = ours(owner).filter((other) => !isRunning(other))
      for (const old of kept.slice(0, Math.max(0, kept.length - keptMax))) all.delete(old.id)
      if (closed) return
      const callOff = clock.after(options.exec().cleanupMs, () => {
        forgetting.delete(callOff)
        all.delete(each.id)
      })
      forgetting.add(callOff)
    })
    return each
  }

  /** Ends what takes more memory or disk than it may. */
  function watch(each: Running, config: SandboxConfig, before: Disk): () => void {
    let cancel = (): void => undefined
    const look = async (): Promise<void> => {
      const { memory, processes } = each.process.usage?.() ?? { memory: 0, processes: 0 }
      if (memory > config.memoryMb * mib) each.end({ kind: 'ended', by: 'limit', why: `it took more than ${config.memoryMb} MiB of memory` })
      // Beside the command: bubblewrap on both sides of the wall, and its first process.
      if (processes > config.processes + 3) each.end({ kind: 'ended', by: 'limit', why: `it had more than ${config.processes} processes` })
      const now = await diskOf(each.workspace).catch(() => before)
      if (before.freeBytes - now.freeBytes > config.diskMb * mib) each.end({ kind: 'ended', by: 'limit', why: `the disk became more than ${config.diskMb} MiB fuller` })
      else if (now.freeBytes < config.diskReserveMb * mib) each.end({ kind: 'ended', by: 'limit', why: `less than ${config.diskReserveMb} MiB of the disk were left` })
      else if (before.freeFiles - now.freeFiles > filesMax) each.end({ kind: 'ended', by: 'limit', why: `it made more than ${filesMax} files` })
      if (each.state.kind === 'running') cancel = clock.after(watchMs, () => void look())
    }
    cancel = clock.after(watchMs, () => void look())
    return () => cancel()
  }

  const failed = (each: Running) => (error: unknown): void => options.log?.error('What became of a command could not be written down.', { command: each.id, error: describeError(error) })

  /** From now on its end is told by itself. */
  async function putAsideForLater(subject: GrantSubject, each: Running): Promise<void> {
    if (options.background === undefined || each.later) return
    each.later = true
    const { background } = options
    await background.begun(subject, facts(each)).catch(failed(each))
    void each.ended.then(() => background.ended(facts(each), plainOutput(each.output.slice(-2_000, 2_000).text))).catch(failed(each))
  }

  /** Its agent has read of its end. */
  async function seen(each: Running): Promise<void> {
    if (each.later) await options.background?.told(each.id).catch(failed(each))
  }

  async function finish(running: readonly Running[], by: 'stop' | 'shutdown', why: string): Promise<void> {
    for (const each of running) each.end({ kind: 'ended', by, why })
    await Promise.all(running.map((each) => each.ended))
  }

  return {
    grant: (subject) => ({
      async run(request, signal) {
        if (signal.aborted) throw stopped()
        const each = await start(subject, request)
        const stop = (): void => each.end({ kind: 'ended', by: 'stop', why: 'someone said stop' })
        signal.addEventListener('abort', stop, { once: true })
        if (signal.aborted) stop()
        await waitFor(each, request.yieldMs ?? options.exec().backgroundMs)
        signal.removeEventListener('abort', stop)
        if (signal.aborted) await each.ended
        if (isRunning(each)) await putAsideForLater(subject, each)
        return report(each)
      },
      list: async () => ours(ownerOf(subject)).map(facts),
      async poll(id, waitMs, signal) {
        const each = find(subject, id)
        await waitFor(each, waitMs, signal)
        if (!isRunning(each)) await seen(each)
        return report(each)
      },
      async log(id, offset, limit) {
        const each = find(subject, id)
        return { ...each.output.slice(offset, Math.max(1, Math.min(limit, 200_000))), said: each.output.said() }
      },
      async write(id, text, end) {
        const each = find(subject, id)
        if (!isRunning(each)) throw new Problem('command-over', 'This command has ended.', { next: 'Poll it for what it said last.' })
        const { input } = each.process
        if (input === undefined || input.destroyed || input.writableEnded) throw new Problem('command-input-closed', 'The input of this command is closed.', { next: 'Start it with input or pty.' })
        if (input.writableLength > mib) throw new Problem('command-deaf', 'This command does not read what was written before.', { next: 'Wait, or kill it.' })
        if (text !== '') input.write(text)
        if (end) input.end()
      },
      async kill(id) {
        const each = find(subject, id)
        if (isRunning(each)) {
          each.end({ kind: 'ended', by: 'kill', why: 'it was killed' })
          await each.ended
        } else {
          await seen(each)
          all.delete(id)
        }
        return facts(each)
      },
    }),
    async stop(session) {
      const running = [...all.values()].filter((each) => isRunning(each) && (JSON.parse(each.owner) as [SessionKey, PrincipalId])[0] === session)
      await finish(running, 'stop', 'someone said stop')
      return running.length
    },
    async stopAll() {
      const running = [...all.values()].filter(isRunning)
      await finish(running, 'stop', 'everything was stopped')
      return running.length
    },
    running: () => [...all.values()].filter(isRunning).map((each) => {
      const [session, principal] = JSON.parse(each.owner) as [SessionKey, PrincipalId]
      return { session, principal, command: facts(each) }
    }),
    async explain(agent) {
      const config = options.sandbox(agent)
      const isolation = isolationFor(config)
      const found = await isolation.check()
      const { memoryMb, processes, fileMb, openFiles, tmpMb } = config
      const described = isolation.describe({ workspace: '/', access: config.workspaceAccess === 'ro' ? 'ro' : 'rw', hidden: [], readOnly: config.readOnly, limits: { memoryMb, processes, fileMb, openFiles, tmpMb } })
      return {
        backend: isolation.backend, available: found.available, reason: found.available ? null : found.reason, remedy: found.available ? null : found.remedy,
        scope: config.scope, workspaceAccess: config.workspaceAccess, network: options.egress === undefined ? 'none' : 'proxy',
        promises: [...isolation.promises, options.egress === undefined ? 'No network at all.' : 'Network only through the gateway\'s own proxy, to granted hosts.'],
        weaker: found.available ? found.weaker : [], profile: createHash('sha256').update(canonical({ described, access: config.workspaceAccess, scope: config.scope })).digest('hex'),
      }
    },
    async probe(agent) {
      const config = options.sandbox(agent)
      return probeIsolation(await available(config), { own: options.own, clock, limits: config })
    },
    async close() {
      closed = true
      await finish([...all.values()].filter(isRunning), 'shutdown', 'the gateway stopped')
      for (const callOff of forgetting) callOff()
    },
  }
}

/** So many files one command may make before it is ended. */
const filesMax = 200_000

interface Disk { freeBytes: number; freeFiles: number }

async function diskOf(path: string): Promise<Disk> {
  const { bavail, bsize, ffree } = await statfs(path)
  return { freeBytes: bavail * bsize, freeFiles: ffree }
}

async function folderOf(path: string): Promise<string> {
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory() !== true) throw new Problem('workspace-missing', 'The workspace folder does not exist.', { next: 'Create it or correct agents.defaults.workspace.' })
  return realpathSync(path)
}

function stopped(): Problem {
  return new Problem('tool-stopped', 'The call was stopped before it began.')
}

/** `run`: this room's, until it is closed. */
function chooseIsolation(config: SandboxConfig, clock: Clock, own: readonly string[], run: string): Isolation {
  switch (config.backend) {
    case 'docker':
    case 'podman':
      return containerIsolation({ engine: config.backend, image: config.docker.image, clock, ...(own[0] === undefined ? {} : { owner: { name: own[0], run } }) })
    default:
      return process.platform === 'darwin' && config.backend === 'auto' ? seatbeltIsolation({ clock, own: [...own, join(homedir())] }) : bwrapIsolation({ clock })
  }
}

/** The same text for the same value, whatever the order of its keys; the order of lists counts. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`).join(',')}}`
}

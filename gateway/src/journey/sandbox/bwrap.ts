import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname } from 'node:path'
import type { Duplex, Readable, Writable } from 'node:stream'
import { describeError, type Clock } from '@moltbot/contract'
import { openCgroup, type Cgroup, type Cgroups } from './cgroup.ts'
import { forwarderWords, egressInside } from './egress-forwarder.ts'
import { installCommand } from './install-command.ts'
import { baseEnvironment, homeInside, shellQuoted, workspaceInside, type IsolatedProcess, type IsolatedProgram, type Isolation, type MadeUpFile } from './isolation.ts'
import { seccompFilter } from './seccomp-filter.ts'
import { hiddenInProc, madeUpFiles, toolchain } from './toolchain.ts'

export interface BwrapOptions {
  clock: Clock
  /** Where bubblewrap is; absent: where systems install it. */
  programs?: readonly string[]
  architecture?: string
  /** The gateway's own Node, offered inside when it is not among the system's programs. */
  node?: string
  /** Absent: what the kernel offers is looked for. */
  cgroups?: Cgroups | null
  /** Leaves parts out, for tests that must see them missing. */
  weaken?: { arguments?: (words: string[]) => string[]; filterWithout?: readonly string[] }
}

/** 0 to 2 are the program's own; then the filter, the arguments, the last word, where asked for the pipes of control, and one for each made-up file. */
const [filterFd, argumentsFd, lastWordFd] = [3, 4, 5]
/** What the pipes of control are inside before they become the program's 3 and 4. */
const [toProgramFd, fromProgramFd] = [6, 7]
const firstFile = 8

const usualPlaces = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap']
/** How long a finding that it works, or does not, is believed. */
const believedMs = 60_000
const probeMs = 10_000
/** More polite than everything else on the machine. */
const nice = 10

/** What holds inside, in the order in which people ask. */
const promises = [
  'Reads nothing of this machine but programs and libraries (/usr) and the workspace; no home folder, no gateway files, no keys.',
  'Writes only the workspace, and a temporary and a home folder that are gone when the command ends.',
  'Own process, user, host name, IPC and network namespaces; no further user namespaces can be made.',
  'No capabilities, no way to gain privileges, setuid programs have no effect and none can be made.',
  'A filter refuses system calls that mount, trace, load, or reach into the kernel.',
  'An environment made from nothing: no variable of the gateway is in it.',
  'Limits on memory, processes, open files, file size and time; the whole tree ends with its command and with the gateway.',
]

/**
 * Isolation by bubblewrap. Everything is on the machine's side decided here: the mounts are computed, never configured but for
 * `readOnly`, and passed by a descriptor, so that neither `ps` nor `/proc/1/cmdline` inside shows a path of this machine.
 */
export function bwrapIsolation(options: BwrapOptions): Isolation {
  const architecture = options.architecture ?? process.arch
  const filter = seccompFilter(architecture, options.weaken?.filterWithout)
  const cgroups = options.cgroups === undefined ? openCgroup() : (options.cgroups ?? undefined)
  const proc = hiddenInProc(process.getuid?.() === 0)
  const places = toolchain()
  const node = options.node ?? process.execPath
  // Besides: what bubblewrap read the filter and its arguments from, and where the last word is asked for.
  const inherited = [...new Set([filterFd, argumentsFd, lastWordFd, ...inheritedDescriptors()])]
  let found: { at: number; result: Awaited<ReturnType<Isolation['check']>> } | undefined
  let looking: Promise<Awaited<ReturnType<Isolation['check']>>> | undefined

  /** Trusted only where nobody but root could have put it. */
  function bubblewrap(): string | undefined {
    return (options.programs ?? usualPlaces).find((path) => {
      try {
        return [path, dirname(path)].every((each) => {
          const { uid, mode } = statSync(each)
          return uid === 0 && (mode & 0o022) === 0
        })
      } catch {
        // Not there, or not to be looked at: the next place may be.
        return false
      }
    })
  }

  function bwrapArguments(it: IsolatedProgram, fd: { file(index: number): number; filter: number }): string[] {
    const words = [
      '--unshare-all', '--unshare-user', '--disable-userns', '--uid', '1000', '--gid', '1000', '--hostname', 'sandbox',
      '--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL', '--seccomp', String(fd.filter),
    ]
    for (const [name, value] of Object.entries({ ...it.env, ...baseEnvironment(it.pty), ...(it.egress === undefined ? {} : egressInside.environment(it.egress)) })) words.push('--setenv', name, value)
    for (const place of places) words.push(...(place.kind === 'bind' ? ['--ro-bind', place.path, place.path] : ['--symlink', place.target, place.path]))
    for (const path of it.readOnly) words.push('--ro-bind', path, path)
    for (const [index, { path }] of filesOf(it).entries()) words.push('--perms', '0444', '--file', String(fd.file(index)), path)
    if (!node.startsWith('/usr/')) words.push('--ro-bind', node, '/opt/moltbot/bin/node')
    const memory = String(it.limits.tmpMb * 1024 * 1024)
    words.push('--proc', '/proc')
    for (const path of proc.folders) words.push('--size', '4096', '--tmpfs', path, '--remount-ro', path)
    for (const path of proc.files) words.push('--ro-bind', '/dev/null', path)
    words.push('--dev', '/dev', '--size', memory, '--perms', '1777', '--tmpfs', '/dev/shm', '--remount-ro', '/dev')
    words.push('--size', memory, '--perms', '1777', '--tmpfs', '/tmp', '--size', memory, '--perms', '0700', '--tmpfs', homeInside, '--symlink', '/tmp', '/var/tmp', '--dir', '/run')
    words.push(it.access === 'rw' ? '--bind' : '--ro-bind', it.workspace, workspaceInside)
    for (const { steps, kind } of it.hidden) {
      const path = [workspaceInside, ...steps].join('/')
      words.push(...(kind === 'file' ? ['--ro-bind', '/dev/null', path] : ['--size', '4096', '--tmpfs', path, '--remount-ro', path]))
    }
    if (it.egress !== undefined) words.push('--ro-bind', it.egress.socket, egressInside.socket)
    words.push('--remount-ro', '/', '--chdir', [workspaceInside, ...it.folder].join('/'))
    return options.weaken?.arguments?.(words) ?? words
  }

  function start(it: IsolatedProgram): IsolatedProcess {
    const path = bubblewrap()
    if (path === undefined || filter === undefined) throw new Error('there is no bubblewrap')
    const words = bwrapArguments(it, { filter: filterFd, file: (index) => firstFile + index })
    const program = it.egress === undefined ? it.words : forwarderWords(it.words, { perl: existsSync('/usr/bin/perl'), control: it.control === true })
    const inner = [path, '--args', String(argumentsFd), '--', ...limited(it, inherited, it.pty ? inTerminal(program) : program)]
    const cgroup = cgroups?.make(it.limits)
    const files = filesOf(it)
    const child = spawnIn(cgroup, inner, it.input || it.pty, Array.from({ length: firstFile + files.length - filterFd }, (_, index) => it.control === true || (index + filterFd !== toProgramFd && index + filterFd !== fromProgramFd)))
    send(child, filterFd, filter)
    send(child, argumentsFd, `${words.join('\0')}\0`)
    for (const [index, { text }] of files.entries()) send(child, firstFile + index, text)
    const control = it.control === true ? { toProgram: child.stdio[toProgramFd] as Writable, fromProgram: child.stdio[fromProgramFd] as Readable } : undefined
    // Nothing is said on it: that it is open tells that the gateway lives.
    const lastWord = child.stdio[lastWordFd] as Duplex | null | undefined
    lastWord?.on('error', () => undefined)
    lastWord?.resume()
    const kill = (): void => {
      cgroup?.kill()
      child.kill('SIGKILL')
    }
    return {
      input: child.stdin ?? undefined,
      output: child.stdout as Readable,
      ...(control === undefined ? {} : { control }),
      ended: new Promise((resolve) => {
        // Only once every pipe is closed is nobody left who could write into one.
        child.once('close', (code, signal) => {
          cgroup?.remove()
          resolve({ code: code ?? 128 + (signal === null ? 9 : constants.signals[signal]) })
        })
        child.once('error', () => resolve({ code: 127 }))
      }),
      ask: () => { for (const pid of treeOf(child.pid).slice(1)) terminate(pid) },
      kill,
      ...(cgroup === undefined ? { usage: () => usageOf(treeOf(child.pid)) } : {}),
    }
  }

  async function look(): Promise<Awaited<ReturnType<Isolation['check']>>> {
    if (filter === undefined) return { available: false, reason: `There is no system call filter for this kind of processor (${architecture}).`, remedy: 'Set agents.defaults.sandbox.backend to docker or podman.' }
    if (bubblewrap() === undefined) return { available: false, reason: 'bubblewrap is not installed.', remedy: installCommand('bubblewrap') }
    const probe = start({
      words: ['/bin/sh', '-c', 'grep -q "^Seccomp:[[:space:]]*2" /proc/self/status && echo held'], folder: [], env: {}, workspace: '/usr', access: 'ro', hidden: [], pty: false, input: false, readOnly: [],
      limits: { memoryMb: 256, processes: 64, fileMb: 1, openFiles: 256, tmpMb: 1 },
    })
    const cancel = options.clock.after(probeMs, () => probe.kill())
    let said = ''
    probe.output.on('data', (data: Buffer) => { said = (said + data.toString('utf8')).slice(-2_000) })
    const { code } = await probe.ended
    cancel()
    if (code === 0 && said.trim() === 'held') return { available: true, weaker: weaknesses(cgroups) }
    return { available: false, reason: `bubblewrap is there but could not isolate a program: ${said.trim().split('\n')[0]?.slice(0, 300) || `it ended with ${code}`}.`, remedy: remedyFor(said) }
  }

  return {
    backend: 'bwrap',
    promises,
    start,
    check() {
      if (found !== undefined && options.clock.now() - found.at < believedMs) return Promise.resolve(found.result)
      looking ??= look().catch((error: unknown) => ({ available: false as const, reason: `bubblewrap could not be started: ${describeError(error)}.`, remedy: installCommand('bubblewrap') })).then((result) => {
        found = { at: options.clock.now(), result }
        looking = undefined
        return result
      })
      return looking
    },
    describe: (it) => ({
      words: bwrapArguments({ ...it, words: [], folder: [], env: {}, pty: false, input: false }, { filter: filterFd, file: (index) => firstFile + index }),
      limits: limited({ ...it, words: [], folder: [], env: {}, pty: false, input: false }, [], []),
      filter: createHash('sha256').update(filter ?? '').digest('hex'), files: madeUpFiles,
    }),
  }
}

/**
 * Sets the limits that a process hands down, from inside: processes are then counted in the sandbox alone. Begins by telling the gateway,
 * which fails when it is no longer there: until bubblewrap is ready, nothing would end it with a gateway that dies; from then on the kernel
 * does. Nobody waits for an answer, which would cost a turn of the gateway's. Only the command itself is nice: making the sandbox is our work.
 */
function limited({ limits, control }: IsolatedProgram, inherited: readonly number[], words: readonly string[]): string[] {
  const polite = existsSync('/usr/bin/nice') ? `/usr/bin/nice -n ${nice} ` : ''
  const script = [
    `echo ready >&${lastWordFd} || exit 125`, ...inherited.filter((fd) => fd !== toProgramFd && fd !== fromProgramFd).map((fd) => `exec ${fd}>&-`),
    ...(control === true ? [`exec 3<&${toProgramFd} 4>&${fromProgramFd}`] : []), `exec ${toProgramFd}>&- ${fromProgramFd}>&-`,
    'echo 1000 >/proc/self/oom_score_adj', 'ulimit -c 0', ...(control === true ? [] : [`ulimit -d ${limits.memoryMb * 1024}`]), `ulimit -f ${limits.fileMb * 2048}`, `ulimit -n ${limits.openFiles}`,
    // Shells call it one or the other.
    `{ ulimit -u ${limits.processes} || ulimit -p ${limits.processes}; } 2>/dev/null`, `exec ${polite}"$@" 2>&1`,
  ].join('; ')
  // As POSIX has it: everywhere a block of `ulimit -f` is then 512 bytes.
  return [...(inherited.some((fd) => fd > 9) && existsSync('/bin/bash') ? ['/bin/bash', '--posix'] : ['/bin/sh']), '-c', script, 'limits', ...words]
}

function filesOf({ files = [] }: Pick<IsolatedProgram, 'files'>): readonly MadeUpFile[] {
  return [...madeUpFiles, ...files]
}

/** Descriptors that whoever started this process left open and that children get, too. Node's own are closed for them by the kernel. */
function inheritedDescriptors(): number[] {
  const closedForChildren = 0o2000000
  try {
    return readdirSync('/proc/self/fd').map(Number).filter((fd) => fd > 2).filter((fd) => {
      try {
        return (Number.parseInt(/^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0', 8) & closedForChildren) === 0
      } catch {
        // The one with which the folder itself was read; it is closed by now.
        return false
      }
    })
  } catch {
    // No /proc: no bubblewrap either.
    return []
  }
}

/** `script` makes a terminal inside, of the sandbox's own, and runs the words on it. */
function inTerminal(words: readonly string[]): string[] {
  return ['/usr/bin/script', '-qefc', `stty rows 40 cols 120; exec ${words.map(shellQuoted).join(' ')}`, '/dev/null']
}

/** `pipes`: from descriptor 3 on, which of them are pipes. */
function spawnIn(cgroup: Cgroup | undefined, words: readonly string[], input: boolean, pipes: readonly boolean[]): ChildProcess {
  const stdio = [input ? 'pipe' as const : 'ignore' as const, 'pipe' as const, 'pipe' as const, ...pipes.map((pipe) => (pipe ? 'pipe' as const : 'ignore' as const))]
  // It goes into its group itself, before it becomes bubblewrap: nothing of it is ever outside.
  const joining = cgroup === undefined ? [...words] : ['/bin/sh', '-c', 'n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 >"$1" || exit 125; shift; n=$((n - 1)); done; exec "$@"', 'join', String(cgroup.joins.length), ...cgroup.joins, ...words]
  const child = spawn(joining[0] ?? '', joining.slice(1), { env: {}, cwd: '/', stdio })
  // What bubblewrap itself complains of comes here; programs inside say everything on their output.
  child.stderr?.on('data', (data: Buffer) => child.stdout?.emit('data', data))
  return child
}

function send(child: ChildProcess, fd: number, bytes: Uint8Array | string): void {
  const pipe = child.stdio[fd] as Writable | null | undefined
  // It may have ended before it read: its exit tells.
  pipe?.on('error', () => undefined)
  pipe?.end(bytes)
}

/** A process and all below it, as the kernel lists them; the first is itself. */
function treeOf(pid: number | undefined): number[] {
  const pids = pid === undefined ? [] : [pid]
  for (let at = 0; at < pids.length && pids.length < 10_000; at += 1) {
    try {
      for (const thread of readdirSync(`/proc/${pids[at]}/task`)) {
        const children = readFileSync(`/proc/${pids[at]}/task/${thread}/children`, 'utf8').trim()
        if (children !== '') pids.push(...children.split(/\s+/).map(Number))
      }
    } catch {
      // It ended while we looked; what was below it ended or has another parent in the same namespace.
    }
  }
  return pids
}

/** What a process alone holds, in bytes: resident less what is shared. */
function memoryOf(pid: number): number {
  try {
    const [, resident = 0, shared = 0] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').map(Number)
    return Math.max(0, resident - shared) * 4_096
  } catch {
    // It ended: it holds nothing.
    return 0
  }
}

function usageOf(pids: readonly number[]): { memory: number; processes: number } {
  return { memory: pids.reduce((sum, pid) => sum + memoryOf(pid), 0), processes: pids.length }
}

function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    // It ended by itself.
  }
}

function weaknesses(cgroups: Cgroups | undefined): string[] {
  return [
    ...(cgroups === undefined ? ['No control group may be used here: memory is counted by the gateway twice a second, and files in memory are limited by their folder alone.'] : []),
    ...(cgroups === undefined && process.getuid?.() === 0 ? ['The kernel does not limit the number of root\'s processes: they, too, are counted twice a second. Run the gateway as a user of its own.'] : []),
    ...(process.getuid?.() === 0 ? ['The gateway runs as root: inside, programs have no privileges, but files of the workspace belong to root.'] : []),
    'The workspace\'s own path on this machine can be read inside (in /proc/self/mountinfo).',
  ]
}

function remedyFor(said: string): string {
  const setting = (path: string): string | undefined => {
    try {
      return readFileSync(path, 'utf8').trim()
    } catch {
      // This kernel has no such switch.
      return undefined
    }
  }
  if (setting('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1') return 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'
  if (setting('/proc/sys/kernel/unprivileged_userns_clone') === '0') return 'sudo sysctl -w kernel.unprivileged_userns_clone=1'
  if (setting('/proc/sys/user/max_user_namespaces') === '0') return 'sudo sysctl -w user.max_user_namespaces=15000'
  if (/unknown option|disable-userns/i.test(said)) return `${installCommand('bubblewrap')} (version 0.8 or newer)`
  return 'moltbot sandbox test'
}

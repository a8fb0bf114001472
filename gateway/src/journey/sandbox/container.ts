import { execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { describeError, type Clock } from '@moltbot/contract'
import { baseEnvironment, homeInside, workspaceInside, type IsolatedProcess, type IsolatedProgram, type Isolation } from './isolation.ts'
import { seccompProfile } from './seccomp-profile.ts'

const believedMs = 60_000
/** An engine that was told to end a container may still be making it: so often, and so far apart, it is told again. */
const killTries = 50
const killPauseMs = 200
/** Counted over every process of this user on the machine, not only those inside; the limit of the container itself is `--pids-limit`. */
const processesOfUser = 4_096
/** What engines set by themselves from the owner's own settings; a proxy's address may hold a password. */
const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()])

export interface ContainerOptions {
  engine: 'docker' | 'podman'
  image: string
  clock: Clock
  /** Whose containers these are, by the gateway's own folder, over restarts, and in which run of theirs: what another run left behind is removed. Absent: nobody's, and nothing is removed. */
  owner?: { name: string; run: string }
}

/** The words after the engine's name that run a program in a container of its own. Everything here is computed; no call and no workspace adds to it. */
export function containerWords(it: IsolatedProgram, facts: { engine: ContainerOptions['engine']; image: string; name: string; uid: number; gid: number; filter?: string }): string[] {
  const { limits } = it
  const { engine, image, name, uid, gid } = facts
  const both = (limit: string, amount: number): string[] => ['--ulimit', `${limit}=${amount}:${amount}`]
  const mib = 1024 * 1024
  const words = [
    'run', '--rm', '--interactive', '--name', name, '--pull', 'never', '--init', '--user', `${uid}:${gid}`, '--hostname', 'sandbox',
    // Without root, only so is the person outside the same as inside, and the workspace theirs.
    ...(engine === 'podman' && uid !== 0 ? ['--userns', 'keep-id'] : []),
    ...(engine === 'podman' ? ['--http-proxy=false'] : proxyNames.flatMap((each) => ['--env', `${each}=`])),
    '--network', 'none', '--ipc', 'private', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', ...(facts.filter === undefined ? [] : ['--security-opt', `seccomp=${facts.filter}`]), '--read-only', '--log-driver', 'none',
    '--pids-limit', String(limits.processes), '--memory', `${limits.memoryMb}m`, '--memory-swap', `${limits.memoryMb}m`,
    ...both('data', limits.memoryMb * mib), ...both('nofile', limits.openFiles), ...both('fsize', limits.fileMb * mib), ...both('core', 0), ...both('nproc', Math.max(processesOfUser, limits.processes)),
    ...(engine === 'podman' ? ['--read-only-tmpfs=false'] : []),
    // Nothing of the machine's hardware and kernel.
    '--tmpfs', '/sys:ro,nosuid,nodev,noexec,size=4k',
    '--tmpfs', `/tmp:rw,nosuid,nodev,size=${limits.tmpMb}m,mode=1777`, '--tmpfs', `${homeInside}:rw,nosuid,nodev,size=${limits.tmpMb}m,mode=1777`,
    '--mount', `type=bind,source=${it.workspace},target=${workspaceInside}${it.access === 'ro' ? ',readonly' : ''}`,
  ]
  for (const { steps, kind } of it.hidden) {
    const target = [workspaceInside, ...steps].join('/')
    words.push(...(kind === 'file' ? ['--mount', `type=bind,source=/dev/null,target=${target},readonly`] : ['--tmpfs', `${target}:ro,size=4k`]))
  }
  for (const path of it.readOnly) words.push('--mount', `type=bind,source=${path},target=${path},readonly`)
  // An image has a program and an environment of its own; neither is wanted.
  const environment = Object.entries({ ...it.env, ...baseEnvironment(it.pty) }).map(([key, value]) => `${key}=${value}`)
  return [...words, '--workdir', [workspaceInside, ...it.folder].join('/'), '--entrypoint', 'env', image, '-i', ...environment, ...it.words]
}

/** Isolation by a container engine, one container for each command. There is no way out of it through the egress proxy: it has no network. */
export function containerIsolation(options: ContainerOptions): Isolation {
  const { engine, image, clock } = options
  const run = promisify(execFile)
  const uid = process.getuid?.() ?? 1000
  const gid = process.getgid?.() ?? 1000
  const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)
  const ownPrefix = `moltbot-sbx-${options.owner === undefined ? 'any' : short(options.owner.name)}`
  const prefix = `${ownPrefix}-${options.owner === undefined ? 'any' : short(options.owner.run)}`
  const named = (): string => `${prefix}-${randomBytes(6).toString('hex')}`
  /** Where engines begin: Podman leaves an empty file `oom` there when a container runs out of memory. Absent: where the gateway was started. */
  const folder = options.owner === undefined ? undefined : join(options.owner.name, 'sandboxes')
  /** The same filter of system calls as everywhere, in the gateway's own folder. Absent: the engine's. */
  const filter = folder === undefined ? undefined : join(folder, 'seccomp.json')
  const wordsOf = (it: IsolatedProgram, name: string): string[] => containerWords(it, { engine, image, name, uid, gid, ...(filter === undefined ? {} : { filter }) })
  let found: { at: number; result: Awaited<ReturnType<Isolation['check']>> } | undefined

  async function look(): Promise<Awaited<ReturnType<Isolation['check']>>> {
    try {
      await run(engine, ['version'], { timeout: 10_000 })
    } catch {
      // Not installed, not running, or not for us: to a person all three are the same.
      return { available: false, reason: `${engine} does not answer.`, remedy: engine === 'docker' ? 'sudo systemctl start docker' : 'sudo apt-get install -y podman' }
    }
    try {
      await run(engine, ['image', 'inspect', image], { timeout: 10_000 })
    } catch {
      // It is never fetched by itself: what runs here is chosen by the owner.
      return { available: false, reason: `The image ${image} is not there.`, remedy: `${engine} pull ${image}` }
    }
    if (filter !== undefined) {
      try {
        mkdirSync(dirname(filter), { recursive: true, mode: 0o700 })
        writeFileSync(filter, JSON.stringify(seccompProfile()), { mode: 0o600 })
      } catch (error) {
        return { available: false, reason: `The filter of system calls cannot be written: ${describeError(error)}`, remedy: `ls -ld ${dirname(filter)}` }
      }
    }
    const limits = { memoryMb: 256, processes: 64, fileMb: 8, openFiles: 128, tmpMb: 16 }
    const tried = await attempt(start({ words: ['/bin/sh', '-c', 'echo held'], folder: [], env: {}, workspace: '/usr', access: 'ro', hidden: [], pty: false, input: false, readOnly: [], limits }))
    if (tried !== 'held') {
      return { available: false, reason: `${engine} starts no container as it is needed here: ${tried.split('\n').at(-1)?.slice(0, 300) ?? 'nothing was said'}`, remedy: `${engine} run --rm --network none --cap-drop ALL --read-only --init ${image} true` }
    }
    if (found === undefined) await removeLeftOvers()
    return { available: true, weaker: [`A container of ${engine} outlives a gateway that is killed, until the next one starts.`, 'Programs and libraries are those of the image, not of this machine.', 'Commands have no terminal.'] }
  }

  async function attempt(process: IsolatedProcess): Promise<string> {
    let said = ''
    process.output.on('data', (data: Buffer) => { said = (said + data.toString('utf8')).slice(0, 4_000) })
    const cancel = clock.after(20_000, () => process.kill())
    await process.ended
    cancel()
    return said.trim()
  }

  /** What a gateway that was killed left running under the same owner's name. */
  async function removeLeftOvers(): Promise<void> {
    if (options.owner === undefined) return
    try {
      const { stdout } = await run(engine, ['ps', '--all', '--filter', `name=${ownPrefix}-`, '--format', '{{.Names}}'], { timeout: 10_000 })
      const left = stdout.split('\n').filter((name) => name.startsWith(`${ownPrefix}-`) && !name.startsWith(`${prefix}-`))
      if (left.length > 0) await run(engine, ['rm', '--force', ...left], { timeout: 30_000 })
    } catch {
      // An engine that cannot even list them: the review and the owner see them by their name.
    }
  }

  function start(it: IsolatedProgram): IsolatedProcess {
    const name = named()
    const child = spawn(engine, wordsOf(it, name), { ...(folder === undefined ? {} : { cwd: folder }), stdio: [it.input ? 'pipe' : 'ignore', 'pipe', 'pipe'] })
    child.stderr?.on('data', (data: Buffer) => child.stdout?.emit('data', data))
    const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null
    const engineSays = (words: string[]): Promise<boolean> => new Promise((resolve) => { execFile(engine, words, { timeout: 20_000 }, (error) => resolve(error === null)) })
    let killing: Promise<void> | undefined
    /** The engine's own process ends by itself once the container is gone; ended first, it would leave the container behind. */
    async function killAll(): Promise<void> {
      for (let tries = 0; tries < killTries && !isOver(); tries += 1) {
        if (await engineSays(['kill', name])) break
        await new Promise<void>((resolve) => { clock.after(killPauseMs, resolve) })
      }
      await Promise.race([closed, new Promise<void>((resolve) => { clock.after(killPauseMs * killTries, resolve) })])
      child.kill('SIGKILL')
      await engineSays(['rm', '--force', name])
    }
    const closed = new Promise<{ code: number }>((resolve) => {
      child.once('close', (code) => resolve({ code: code ?? 137 }))
      child.once('error', () => resolve({ code: 127 }))
    })
    return {
      input: child.stdin ?? undefined, output: child.stdout as Readable,
      ended: closed.then(async (end) => {
        await killing
        return end
      }),
      ask: () => void engineSays(['kill', '--signal', 'TERM', name]),
      kill() { killing ??= killAll() },
    }
  }

  return {
    backend: engine, terminal: false, inMemory: ['/dev'],
    promises: [
      'Sees the image and the workspace, nothing else of this machine.', 'The image is read-only; a temporary, a home and a device folder are in memory and gone when the command ends.',
      'No capabilities, no way to gain privileges, a filter of system calls.', 'Limits on memory, processes, open files, file size and time.',
    ],
    async check() {
      if (found === undefined || clock.now() - found.at >= believedMs) found = { at: clock.now(), result: await look() }
      return found.result
    },
    start,
    describe: (it) => wordsOf({ ...it, words: [], folder: [], env: {}, pty: false, input: false }, 'name'),
  }
}

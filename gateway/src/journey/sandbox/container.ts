import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import type { Clock } from '@moltbot/contract'
import { baseEnvironment, homeInside, workspaceInside, type IsolatedProcess, type IsolatedProgram, type Isolation } from './isolation.ts'

const believedMs = 60_000

/** The words after the engine's name that run a program in a container of its own. Everything here is computed; no call and no workspace adds to it. */
export function containerWords(it: IsolatedProgram, image: string, name: string, user: string): string[] {
  const { limits } = it
  const words = [
    'run', '--rm', '--interactive', ...(it.pty ? ['--tty'] : []), '--name', name, '--pull', 'never', '--init', '--user', user, '--hostname', 'sandbox',
    '--network', 'none', '--ipc', 'private', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--read-only',
    '--pids-limit', String(limits.processes), '--memory', `${limits.memoryMb}m`, '--memory-swap', `${limits.memoryMb}m`,
    '--ulimit', `nofile=${limits.openFiles}:${limits.openFiles}`, '--ulimit', `fsize=${limits.fileMb * 1024 * 1024}`, '--ulimit', 'core=0',
    '--tmpfs', `/tmp:rw,nosuid,nodev,size=${limits.tmpMb}m,mode=1777`, '--tmpfs', `${homeInside}:rw,nosuid,nodev,size=${limits.tmpMb}m,mode=1777`,
    '--mount', `type=bind,source=${it.workspace},target=${workspaceInside}${it.access === 'ro' ? ',readonly' : ''}`,
  ]
  for (const { steps, kind } of it.hidden) {
    const target = [workspaceInside, ...steps].join('/')
    words.push(...(kind === 'file' ? ['--mount', `type=bind,source=/dev/null,target=${target},readonly`] : ['--tmpfs', `${target}:ro,size=4k`]))
  }
  for (const path of it.readOnly) words.push('--mount', `type=bind,source=${path},target=${path},readonly`)
  for (const [key, value] of Object.entries({ ...it.env, ...baseEnvironment(it.pty) })) words.push('--env', `${key}=${value}`)
  return [...words, '--workdir', [workspaceInside, ...it.folder].join('/'), image, ...it.words]
}

/** Isolation by a container engine, one container for each command. There is no way out of it through the egress proxy: it has no network. */
export function containerIsolation(options: { engine: 'docker' | 'podman'; image: string; clock: Clock }): Isolation {
  const { engine, image, clock } = options
  const run = promisify(execFile)
  let found: { at: number; result: Awaited<ReturnType<Isolation['check']>> } | undefined
  const user = `${process.getuid?.() ?? 1000}:${process.getgid?.() ?? 1000}`

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
    return { available: true, weaker: [`A container of ${engine} outlives a gateway that is killed: remove it by its name, moltbot-sbx-….`, 'Programs and libraries are those of the image, not of this machine.'] }
  }

  return {
    backend: engine,
    promises: [
      'Sees the image and the workspace, nothing else of this machine.', 'The image is read-only; a temporary and a home folder are in memory and gone when the command ends.',
      'No capabilities, no way to gain privileges, the engine\'s own system call filter.', 'Limits on memory, processes, open files, file size and time.',
    ],
    async check() {
      if (found === undefined || clock.now() - found.at >= believedMs) found = { at: clock.now(), result: await look() }
      return found.result
    },
    start(it): IsolatedProcess {
      const name = `moltbot-sbx-${randomBytes(8).toString('hex')}`
      const child = spawn(engine, containerWords(it, image, name, user), { stdio: [it.input || it.pty ? 'pipe' : 'ignore', 'pipe', 'pipe'] })
      child.stderr?.on('data', (data: Buffer) => child.stdout?.emit('data', data))
      const engineSays = (words: string[]): void => void execFile(engine, words, () => undefined)
      return {
        input: child.stdin ?? undefined, output: child.stdout as Readable,
        ended: new Promise((resolve) => {
          child.once('close', (code) => resolve({ code: code ?? 137 }))
          child.once('error', () => resolve({ code: 127 }))
        }),
        ask: () => engineSays(['kill', '--signal', 'TERM', name]),
        kill: () => {
          engineSays(['kill', name])
          child.kill('SIGKILL')
        },
      }
    },
    describe: (it) => containerWords({ ...it, words: [], folder: [], env: {}, pty: false, input: false }, image, 'name', user),
  }
}

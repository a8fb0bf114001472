import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { describeError, type Clock } from '@moltbot/contract'
import { egressInside, forwarderWords } from './egress-forwarder.ts'
import { baseEnvironment, type IsolatedProcess, type IsolatedProgram, type Isolation } from './isolation.ts'
import { seatbeltProfile } from './seatbelt-profile.ts'

export interface SeatbeltOptions {
  clock: Clock
  /** The gateway's own folders and the person's home. */
  own: readonly string[]
  /** Absent: where macOS has it, which nobody but the system can change. */
  program?: string
}

/** How long a finding that it works, or does not, is believed. */
const believedMs = 60_000
const probeMs = 10_000
/** Ports that no service is given; one is drawn for each command, for there is no loopback of its own. */
const [portMin, portEnd] = [49_152, 65_536]
/** The pipe that tells whether the gateway lives. */
const lifeFd = 3

/**
 * Isolation by macOS's own `sandbox-exec`: rules of the kernel's instead of namespaces. Limits are a shell's; the tree is ended by its process
 * group, by the gateway or, when that dies, by a watcher within the group.
 */
export function seatbeltIsolation({ clock, own, program = '/usr/bin/sandbox-exec' }: SeatbeltOptions): Isolation {
  let found: { at: number; result: Awaited<ReturnType<Isolation['check']>> } | undefined

  function start(it: IsolatedProgram): IsolatedProcess {
    const scratch = mkdtempSync(join(realpathSync(tmpdir()), 'moltbot-sbx-'))
    const out = it.egress === undefined ? undefined : { socket: realpathSync(it.egress.socket), port: randomInt(portMin, portEnd) }
    const inner = it.pty ? ['/usr/bin/script', '-q', '/dev/null', ...it.words] : it.words
    const words = out === undefined ? inner : forwarderWords(inner, { perl: existsSync('/usr/bin/perl'), control: false, ...out })
    const env = {
      ...it.env, ...baseEnvironment(it.pty), PATH: '/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME: scratch, TMPDIR: scratch,
      ...(it.egress === undefined ? {} : egressInside.environment(it.egress, out?.port)),
    }
    const child = spawn(program, ['-p', seatbeltProfile(it, { scratch, own, ...(out === undefined ? {} : { out }) }), '/bin/sh', '-c', script(it), 'limits', ...words], {
      env, cwd: [it.workspace, ...it.folder].join('/'), detached: true, stdio: [it.input || it.pty ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe'],
    })
    // What sandbox-exec itself complains of comes here; programs inside say everything on their output.
    child.stderr?.on('data', (data: Buffer) => child.stdout?.emit('data', data))
    const life = child.stdio[lifeFd] as Writable
    life.on('error', () => {
      // Its watcher ended with it.
    })
    const signal = (name: 'SIGTERM' | 'SIGKILL'): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, name)
      } catch {
        // The whole group ended already.
      }
    }
    return {
      input: child.stdin ?? undefined, output: child.stdout as Readable,
      ended: new Promise((resolve) => {
        const end = (code: number): void => {
          life.destroy()
          rmSync(scratch, { recursive: true, force: true })
          resolve({ code })
        }
        child.once('exit', () => signal('SIGKILL'))
        child.once('close', (code) => end(code ?? 137))
        child.once('error', () => end(127))
      }),
      ask: () => signal('SIGTERM'), kill: () => signal('SIGKILL'),
    }
  }

  /** A program is really started, and what it may not read is really tried. */
  async function look(): Promise<Awaited<ReturnType<Isolation['check']>>> {
    if (!existsSync(program)) return { available: false, reason: 'There is no sandbox-exec on this system.', remedy: 'moltbot config set agents.defaults.sandbox.backend docker' }
    const trial = start({
      words: ['/bin/sh', '-c', 'for each in "$@"; do ls "$each" >/dev/null 2>&1 && echo "open $each"; done; echo held', 'probe', ...own], folder: [], env: {}, workspace: '/usr/share', access: 'ro', hidden: [], pty: false, input: false, readOnly: [],
      limits: { memoryMb: 256, processes: 2_048, fileMb: 1, openFiles: 256, tmpMb: 1 },
    })
    const cancel = clock.after(probeMs, () => trial.kill())
    let said = ''
    trial.output.on('data', (data: Buffer) => { said = (said + data.toString('utf8')).slice(-2_000) })
    const { code } = await trial.ended
    cancel()
    if (code === 0 && said.trim() === 'held') return { available: true, weaker }
    return { available: false, reason: `sandbox-exec is there but could not isolate a program: ${said.trim().split('\n')[0]?.slice(0, 300) || `it ended with ${code}`}.`, remedy: 'moltbot config set agents.defaults.sandbox.backend docker' }
  }

  return {
    backend: 'seatbelt', promises, start,
    async check() {
      if (found === undefined || clock.now() - found.at >= believedMs) {
        const result = await look().catch((error: unknown) => ({ available: false as const, reason: `sandbox-exec could not be started: ${describeError(error)}.`, remedy: 'moltbot sandbox test' }))
        found = { at: clock.now(), result }
      }
      return found.result
    },
    describe: (it) => seatbeltProfile(it, { scratch: '/scratch', own, out: { socket: '/egress', port: 0 } }),
  }
}

const promises = [
  'Reads programs, libraries and the workspace; nothing of the home folder, and none of the gateway\'s files.', 'Writes the workspace, and a temporary folder that is gone when the command ends.',
  'No keychain, no pasteboard; no network but the gateway\'s own proxy.', 'Limits on processes, open files, file size and time; what is in its process group ends with its command and with the gateway.',
]
const weaker = [
  'macOS isolates by rules, not by namespaces: names of other processes can be seen, and the workspace stands at its own path.', 'Memory is limited by time alone, and processes are counted over all of this person\'s.',
  'A program that makes a session of its own can outlive its command.', 'This way of isolating was written from Apple\'s and others\' descriptions and has never run on a Mac where this product is developed.',
]

/** The watcher ends the group when the gateway's end of the pipe is gone; the command itself does not have it. */
function script({ limits }: IsolatedProgram): string {
  return [
    `( read -r gone <&${lifeFd}; kill -KILL 0 ) </dev/null >/dev/null 2>&1 & exec ${lifeFd}<&-`,
    'ulimit -c 0', `ulimit -f ${limits.fileMb * 2048}`, `ulimit -n ${limits.openFiles}`, `{ ulimit -u ${limits.processes} || ulimit -p ${limits.processes}; } 2>/dev/null`, 'exec "$@" 2>&1',
  ].join('; ')
}

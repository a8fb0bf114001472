import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { Clock } from '@moltbot/contract'
import { baseEnvironment, type IsolatedProcess, type IsolatedProgram, type Isolation } from './isolation.ts'

const program = '/usr/bin/sandbox-exec'
/** What every program on macOS needs to start. */
const readable = ['/usr/lib', '/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/libexec', '/usr/share', '/System', '/Library/Apple', '/Library/Developer/CommandLineTools', '/opt/homebrew', '/usr/local', '/private/etc/ssl', '/private/var/db/timezone', '/private/var/db/dyld']

/** A path in a profile's own notation. */
function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', String.raw`\"`)}"`
}

/** The profile that `sandbox-exec` reads: everything is denied that is not named. Later rules are stronger. */
export function seatbeltProfile(it: Pick<IsolatedProgram, 'workspace' | 'access' | 'hidden' | 'readOnly'>, scratch: string, own: readonly string[]): string {
  const at = (steps: readonly string[]): string => [it.workspace, ...steps].join('/')
  return [
    '(version 1)', '(deny default)', '(import "system.sb")',
    '(allow process-fork)', '(allow process-exec)', '(allow signal (target same-sandbox))', '(allow process-info* (target same-sandbox))', '(allow sysctl-read)',
    '(allow file-read-metadata (literal "/") (literal "/private") (literal "/var") (literal "/tmp") (literal "/etc"))',
    `(allow file-read* ${[...readable, ...it.readOnly].map((path) => `(subpath ${quoted(path)})`).join(' ')})`,
    '(allow file-read* file-write-data (literal "/dev/null") (literal "/dev/zero") (literal "/dev/random") (literal "/dev/urandom") (literal "/dev/dtracehelper"))',
    `(allow file-read* file-write* (subpath ${quoted(scratch)}))`,
    `(allow file-read*${it.access === 'rw' ? ' file-write*' : ''} (subpath ${quoted(it.workspace)}))`,
    ...own.map((path) => `(deny file-read* file-write* (require-all (subpath ${quoted(path)}) (require-not (subpath ${quoted(it.workspace)})) (require-not (subpath ${quoted(scratch)}))))`),
    ...it.hidden.map(({ steps, kind }) => `(deny file-read* file-write* (${kind === 'file' ? 'literal' : 'subpath'} ${quoted(at(steps))}))`),
    '(deny network*)', '(deny mach-lookup (global-name "com.apple.SecurityServer") (global-name "com.apple.pasteboard.1"))', '(deny file-write-setugid)',
  ].join('\n')
}

/** Isolation by macOS's own `sandbox-exec`. It has no namespaces: limits are a shell's, and the tree is ended by its process group. */
export function seatbeltIsolation(options: { clock: Clock; own: readonly string[] }): Isolation {
  const scratch = '/private/tmp/moltbot-sandbox'
  const script = ({ limits }: IsolatedProgram): string => `mkdir -p ${scratch}; ulimit -c 0; ulimit -f ${limits.fileMb * 2048}; ulimit -n ${limits.openFiles}; ulimit -u ${limits.processes}; exec "$@" 2>&1`
  return {
    backend: 'seatbelt',
    promises: ['Reads programs, libraries and the workspace; nothing of the home folder.', 'Writes the workspace and a temporary folder.', 'No network, no keychain, no pasteboard.', 'Limits on processes, open files, file size and time.'],
    check: () => Promise.resolve(existsSync(program)
      ? { available: true, weaker: ['macOS isolates by rules, not by namespaces: other processes\' names can be seen, and memory is limited by time alone.'] }
      : { available: false, reason: 'There is no sandbox-exec on this system.', remedy: 'Set agents.defaults.sandbox.backend to docker.' }),
    start(it): IsolatedProcess {
      const words = ['-p', seatbeltProfile(it, scratch, options.own), '/bin/sh', '-c', script(it), 'limits', ...(it.pty ? ['/usr/bin/script', '-q', '/dev/null', ...it.words] : it.words)]
      const env = { ...it.env, ...baseEnvironment(it.pty), PATH: '/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME: scratch, TMPDIR: scratch }
      const child = spawn(program, words, { env, cwd: [it.workspace, ...it.folder].join('/'), detached: true, stdio: [it.input || it.pty ? 'pipe' : 'ignore', 'pipe', 'pipe'] })
      child.stderr?.on('data', (data: Buffer) => child.stdout?.emit('data', data))
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
          child.once('exit', () => signal('SIGKILL'))
          child.once('close', (code) => resolve({ code: code ?? 137 }))
          child.once('error', () => resolve({ code: 127 }))
        }),
        ask: () => signal('SIGTERM'), kill: () => signal('SIGKILL'),
      }
    },
    describe: (it) => seatbeltProfile(it, scratch, options.own),
  }
}

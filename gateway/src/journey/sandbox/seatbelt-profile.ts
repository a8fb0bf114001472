import type { IsolatedProgram } from './isolation.ts'

/** What every program on macOS needs to start. */
const readable = [
  '/usr/lib', '/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/libexec', '/usr/share', '/System', '/Library/Apple', '/Library/Developer/CommandLineTools', '/opt/homebrew', '/usr/local',
  '/private/etc/ssl', '/private/var/db/timezone', '/private/var/db/dyld', '/private/var/select',
]
const devices = ['/dev/null', '/dev/zero', '/dev/random', '/dev/urandom', '/dev/dtracehelper']

export interface SeatbeltPlaces {
  /** A folder of this command alone, absolute and without links. */
  scratch: string
  /** The gateway's own folders and the person's home: nothing of them is read but a workspace that lies in one of them. */
  own: readonly string[]
  /** The way out: the proxy's socket, and the one port of this machine's loopback on which the command's forwarder listens. Absent: no network. */
  out?: { socket: string; port: number }
}

/** A path as a profile writes it: nothing in it ends the quotes. */
function quotedPath(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', String.raw`\"`)}"`
}

/**
 * The profile that `sandbox-exec` reads. Everything is denied that is not named, and the last rule that fits decides: so what is allowed comes
 * first, then what is taken out of it again.
 */
export function seatbeltProfile(it: Pick<IsolatedProgram, 'workspace' | 'access' | 'hidden' | 'readOnly'> & { pty?: boolean }, { scratch, own, out }: SeatbeltPlaces): string {
  const rule = (verdict: 'allow' | 'deny', operations: string, filter: 'literal' | 'subpath', paths: readonly string[]): string[] => (paths.length === 0 ? [] : [`(${verdict} ${operations} ${paths.map((path) => `(${filter} ${quotedPath(path)})`).join(' ')})`])
  const inWorkspace = (steps: readonly string[]): string => [it.workspace, ...steps].join('/')
  const allBut = (path: string): string => `(deny file-read* file-write* (require-all (subpath ${quotedPath(path)}) (require-not (subpath ${quotedPath(it.workspace)})) (require-not (subpath ${quotedPath(scratch)}))))`
  return [
    '(version 1)', '(deny default)', '(import "system.sb")',
    '(allow process-fork)', '(allow process-exec)', '(allow signal (target same-sandbox))', '(allow process-info* (target same-sandbox))', '(allow sysctl-read)',
    ...rule('allow', 'file-read-metadata', 'literal', [...new Set(['/', '/private', '/var', '/tmp', '/etc', ...[it.workspace, scratch, ...it.readOnly].flatMap(above)])]),
    ...rule('allow', 'file-read*', 'subpath', [...readable, ...it.readOnly]),
    ...rule('allow', 'file-read* file-write-data', 'literal', devices),
    ...(it.pty === true ? ['(allow pseudo-tty)', '(allow file-read* file-write* file-ioctl (literal "/dev/ptmx") (regex #"^/dev/ttys[0-9]+$"))'] : []),
    ...own.map(allBut),
    ...rule('allow', 'file-read* file-write*', 'subpath', [scratch]),
    ...rule('allow', it.access === 'rw' ? 'file-read* file-write*' : 'file-read*', 'subpath', [it.workspace]),
    ...rule('deny', 'file-read* file-write*', 'subpath', own.filter((path) => path.startsWith(`${it.workspace}/`))),
    ...it.hidden.flatMap(({ steps, kind }) => rule('deny', 'file-read* file-write*', kind === 'file' ? 'literal' : 'subpath', [inWorkspace(steps)])),
    // A folder that holds something hidden keeps its name, or the hidden thing would have another path.
    ...rule('deny', 'file-write-unlink', 'literal', [...new Set(it.hidden.flatMap(({ steps }) => steps.map((_, at) => inWorkspace(steps.slice(0, at)))))]),
    '(deny network*)', '(deny mach-lookup (global-name "com.apple.SecurityServer") (global-name "com.apple.securityd.xpc") (global-name "com.apple.pasteboard.1"))', '(deny file-write-setugid)',
    ...(out === undefined ? [] : [
      `(allow network-outbound (literal ${quotedPath(out.socket)}))`,
      `(allow network-bind (local ip "localhost:${out.port}"))`, `(allow network-inbound (local ip "localhost:${out.port}"))`, `(allow network-outbound (remote ip "localhost:${out.port}"))`,
    ]),
  ].join('\n')
}

/** The folders above a path, which programs look at to find out where they are. */
function above(path: string): string[] {
  const steps = path.split('/').filter((step) => step !== '')
  return steps.slice(0, -1).map((_, at) => `/${steps.slice(0, at + 1).join('/')}`)
}

import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs'
import type { MadeUpFile } from './isolation.ts'

/** One thing of this machine that is seen inside, read-only, at the same place. */
export type Place = { kind: 'bind'; path: string } | { kind: 'link'; path: string; target: string }

/** Where programs and libraries are on every Linux. */
const programFolders = ['/bin', '/sbin', '/lib', '/lib64', '/lib32', '/libx32']
/** What programs look up in /etc without which they fail; nothing that names people, hosts, keys or services of this machine. */
const settings = [
  '/etc/alternatives', '/etc/ssl/certs', '/etc/ssl/openssl.cnf', '/etc/ca-certificates', '/etc/pki/tls/certs', '/etc/pki/ca-trust/extracted', '/etc/ld.so.cache',
  '/etc/fonts', '/etc/localtime', '/etc/mime.types', '/etc/protocols', '/etc/services', '/etc/os-release',
]

/** The read-only part of every sandbox on this machine. */
export function toolchain(): Place[] {
  const places: Place[] = [{ kind: 'bind', path: '/usr' }]
  for (const path of programFolders) {
    const kind = kindOf(path)
    if (kind === 'folder') places.push({ kind: 'bind', path })
    if (kind === 'link') places.push({ kind: 'link', path, target: readlinkSync(path) })
  }
  for (const path of settings) if (existsSync(path)) places.push({ kind: 'bind', path })
  return places
}

function kindOf(path: string): 'folder' | 'link' | undefined {
  try {
    const stats = lstatSync(path)
    return stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'folder' : undefined
  } catch {
    // This system has none.
    return undefined
  }
}

/** Files made up for inside: no name, host or service of this machine is in them. */
export const madeUpFiles: readonly MadeUpFile[] = [
  { path: '/etc/passwd', text: 'root:x:0:0:root:/root:/usr/sbin/nologin\nagent:x:1000:1000:agent:/home/agent:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n' },
  { path: '/etc/group', text: 'root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n' },
  { path: '/etc/hosts', text: '127.0.0.1 localhost sandbox\n::1 localhost\n' },
  { path: '/etc/nsswitch.conf', text: 'passwd: files\ngroup: files\nhosts: files\n' },
]

/** What /proc shows of the machine beside processes, to anyone. */
const machineFiles = ['kcore', 'kmsg', 'keys', 'key-users', 'timer_list', 'sched_debug', 'sysrq-trigger', 'interrupts', 'latency_stats', 'cmdline']
/** What the kernel shows or lets change by the mere number of root, which a sandbox of root's has. */
const rootFiles = ['kallsyms', 'iomem', 'ioports', 'vmallocinfo', 'slabinfo', 'pagetypeinfo', 'kpagecount', 'kpagecgroup', 'kpageflags', 'mtrr']
const machineFolders = ['sys', 'acpi', 'bus', 'fs', 'irq', 'scsi', 'driver', 'tty', 'dynamic_debug', 'pressure']

/** What looks empty inside. Every one costs: bubblewrap reads its list of mounts again for each. */
export function hiddenInProc(root: boolean): { files: string[]; folders: string[] } {
  const there = (name: string): boolean => existsSync(`/proc/${name}`)
  return { files: [...machineFiles, ...(root ? rootFiles : [])].filter(there).map((name) => `/proc/${name}`), folders: machineFolders.filter(there).map((name) => `/proc/${name}`) }
}

/** Never read, neither they nor what is above or below them. */
const neverRead = ['/etc', '/proc', '/sys', '/dev', '/run', '/var', '/root', '/home', '/boot', '/tmp', '/mnt', '/media', '/Users', '/private']

/**
 * Why a further folder may not be read inside; undefined: it may. Judged by where it truly is. `own`: the gateway's folders
 * (state, key, home); nothing that holds one of them or stands in one is given.
 */
export function refusedReadOnly(path: string, own: readonly string[]): string | undefined {
  if (!path.startsWith('/')) return 'it is not an absolute path'
  let real: string
  try {
    real = realpathSync(path)
    if (!lstatSync(real).isDirectory()) return 'it is not a folder'
  } catch {
    // It cannot be looked at: then nobody can say what it is.
    return 'it does not exist'
  }
  const parts = (each: string): string[] => each.split('/').filter((step) => step !== '')
  const within = (inner: string, outer: string): boolean => parts(outer).every((step, index) => parts(inner)[index] === step)
  if (real === '/') return 'it is the whole machine'
  for (const never of [...neverRead, ...own.map(realOrAsIs)]) if (within(real, never) || within(never, real)) return `it would show ${never}`
  return undefined
}

function realOrAsIs(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    // Not there yet: its name is all there is to compare.
    return path
  }
}

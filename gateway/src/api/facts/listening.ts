import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Facts } from '@moltbot/contract'

/** Who listens at the port now, as the system itself says; null where it does not. */
export async function listeningAddresses(port: number, platform: string): Promise<Facts['listening']> {
  if (platform === 'linux') {
    const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => undefined)))
    // Without IPv6 the second table is missing; without the first nothing is known.
    return tables[0] === undefined ? null : { port, addresses: [...new Set(tables.flatMap((table) => listenersIn(table ?? '', port)))] }
  }
  if (platform === 'darwin') {
    const said = await run('/usr/sbin/lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fn'])
    return said === undefined ? null : { port, addresses: namesIn(said, port) }
  }
  return null
}

/** The port of a gateway that runs on this state directory; undefined: none does. */
export async function runningPort(stateDir: string): Promise<number | undefined> {
  try {
    const { port, pid } = JSON.parse(await readFile(join(stateDir, 'running.json'), 'utf8')) as { port?: unknown; pid?: unknown }
    if (typeof port !== 'number' || typeof pid !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535 || !Number.isInteger(pid) || pid < 1) return undefined
    process.kill(pid, 0)
    return port
  } catch {
    // No file, a broken one, or no such process of ours.
    return undefined
  }
}

/** The addresses listening at a port, out of the kernel's table (`/proc/net/tcp`, `tcp6`). */
export function listenersIn(table: string, port: number): string[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/)
    const [address = '', hexPort = ''] = local.split(':')
    if (state !== '0A' || Number.parseInt(hexPort, 16) !== port) return []
    return [address.length === 8 ? ipv4(address) : ipv6(address)]
  })
}

/** The addresses in the field output of lsof (`n127.0.0.1:18789`, `n*:18789`). */
export function namesIn(said: string, port: number): string[] {
  return [...new Set(said.split('\n').flatMap((line) => {
    const address = line.startsWith('n') && line.endsWith(`:${port}`) ? line.slice(1, -`:${port}`.length) : undefined
    return address === undefined ? [] : [address === '*' ? '0.0.0.0' : address.replace(/^\[(.*)\]$/, '$1')]
  }))]
}

/** Each 32-bit word stands in the machine's own order, which is little-endian wherever Node runs. */
function ipv4(hex: string): string {
  return (hex.match(/../g) ?? []).toReversed().map((byte) => Number.parseInt(byte, 16)).join('.')
}

function ipv6(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).toReversed())
  if (bytes.slice(0, 12).join('') === `${'00'.repeat(10)}FFFF`) return bytes.slice(12).map((byte) => Number.parseInt(byte, 16)).join('.')
  const groups = Array.from({ length: 8 }, (_, index) => Number.parseInt(`${bytes[index * 2] ?? '00'}${bytes[index * 2 + 1] ?? '00'}`, 16).toString(16)).join(':')
  return new URL(`http://[${groups}]`).hostname.slice(1, -1)
}

function run(program: string, words: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, words, { timeout: 3_000 }, (error, stdout) => {
      // lsof ends with 1 when nobody listens.
      resolve(error === null || (error as { code?: unknown }).code === 1 ? stdout : undefined)
    })
  })
}

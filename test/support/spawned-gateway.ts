import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openSqlite } from '../../gateway/src/foundation/platform/index.ts'
import { freePort } from './free-port.ts'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

let copy: string | undefined
/** What is built, as it is now: a build that is made while the gateways of this process come and go does not mix with it. */
export function builtCopy(): string {
  if (copy !== undefined) return copy
  if (!existsSync(join(root, 'dist', 'gateway.mjs'))) throw new Error('the gateway is not built: npm run build')
  const place = mkdtempSync(join(tmpdir(), 'moltbot-built-'))
  for (const part of ['bin', 'dist', 'package.json']) cpSync(join(root, part), join(place, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'))
  process.on('exit', () => rmSync(place, { recursive: true, force: true }))
  return (copy = place)
}

/** The built gateway in a process of its own, which may be killed at any moment. */
export interface SpawnedGateway {
  port: number
  home: string
  stateDir: string
  pid: number | undefined
  /** Starts it; resolves when `/readyz` says so. Rejects when it ends before. */
  start(timeoutMs?: number): Promise<void>
  /** Starts it and does not wait. */
  launch(): void
  ready(timeoutMs: number): Promise<boolean>
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
  /** Starts it in the hope that it ends by itself; resolves with its exit code and all it printed. */
  run(): Promise<{ code: number | null; output: string }>
  /** The built command line on the same HOME. Standard input is empty unless given. */
  /** `folder`: where it is typed. */
  cli(args: readonly string[], input?: string, folder?: string): Promise<{ code: number; out: string; err: string }>
  log(): string
  /** Rows of its database, also while it runs. */
  rows(query: string, ...values: (string | number)[]): Promise<Record<string, unknown>[]>
  remove(): void
}

export async function createSpawnedGateway(config: Record<string, unknown>, environment: Record<string, string> = {}): Promise<SpawnedGateway> {
  const home = mkdtempSync(join(tmpdir(), 'moltbot-process-'))
  const stateDir = join(home, '.moltbot')
  mkdirSync(stateDir, { mode: 0o700 })
  writeFileSync(join(stateDir, 'moltbot.json'), JSON.stringify(config, null, 2), { mode: 0o600 })
  const port = await freePort()
  let child: ChildProcess | undefined
  let output = ''
  const built = builtCopy()

  // A driver that breaks off leaves no gateway behind.
  process.on('exit', () => child?.kill('SIGKILL'))

  const launch = (): void => {
    const started = spawn(process.execPath, [join(built, 'bin', 'moltbot'), 'gateway', 'run', '--port', String(port)], {
      env: { HOME: home, PATH: process.env['PATH'] ?? '', MOLTBOT_QUIET: '1', ...environment }, stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    const keep = (data: Buffer): void => { output = (output + data.toString('utf8')).slice(-20_000) }
    started.stdout.on('data', keep)
    started.stderr.on('data', keep)
  }
  const probe = (): Promise<boolean> => new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/readyz', timeout: 1_000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('error', () => resolve(false))
    request.on('timeout', () => { request.destroy(); resolve(false) })
  })
  const ended = (): boolean => child === undefined || child.exitCode !== null || child.signalCode !== null
  const end = (signal: NodeJS.Signals): Promise<number | null> => new Promise((resolve) => {
    const running = child
    if (running === undefined || ended()) return resolve(running?.exitCode ?? null)
    running.once('exit', (code) => resolve(code))
    running.kill(signal)
  })

  const gateway: SpawnedGateway = {
    port, home, stateDir,
    get pid() { return child?.pid },
    launch,
    async ready(timeoutMs) {
      const until = Date.now() + timeoutMs
      while (Date.now() < until) {
        if (ended()) return false
        if (await probe()) return true
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      return false
    },
    async start(timeoutMs = 60_000) {
      launch()
      if (!(await gateway.ready(timeoutMs))) throw new Error(`the gateway did not become ready:\n${output}\n${gateway.log().slice(-3_000)}`)
    },
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    run() {
      output = ''
      launch()
      const running = child
      return new Promise((resolve) => running?.once('close', (code) => resolve({ code, output })))
    },
    cli: (args, input = '', folder = undefined) => new Promise((resolve, reject) => {
      const asked = spawn(process.execPath, [join(built, 'bin', 'moltbot'), ...args], { ...(folder === undefined ? {} : { cwd: folder }), env: { HOME: home, PATH: process.env['PATH'] ?? '', ...environment }, stdio: ['pipe', 'pipe', 'pipe'] })
      let out = ''
      let err = ''
      asked.stdout.setEncoding('utf8').on('data', (text: string) => { out += text })
      asked.stderr.setEncoding('utf8').on('data', (text: string) => { err += text })
      asked.on('error', reject)
      asked.on('close', (code) => resolve({ code: code ?? -1, out, err }))
      asked.stdin.on('error', () => undefined) // It may end without reading what it was given.
      asked.stdin.end(input)
    }),
    async rows(query, ...values) {
      const database = await openSqlite(join(stateDir, 'sessions', 'moltbot.db'), { readOnly: true })
      try {
        return database.prepare(query).all(...values)
      } finally {
        database.close()
      }
    },
    log: () => {
      const file = join(stateDir, 'logs', 'gateway.log')
      return existsSync(file) ? readFileSync(file, 'utf8') : ''
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  }
  return gateway
}

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { readIfThere } from '../support/read-if-there.ts'
import { builtCopy } from '../support/spawned-gateway.ts'

const canary = 'canary-0d9b7c5a3e1f2846'
let home: string
let child: ChildProcess | undefined
let said: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sec-process-'))
  said = ''
})
afterEach(async () => {
  if (child !== undefined && child.exitCode === null && child.signalCode === null) {
    const running = child
    const gone = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGKILL')
    await gone
  }
  rmSync(home, { recursive: true, force: true })
})

/** The built gateway in a process of its own; resolves when it says that it is ready. */
async function start(environment: Record<string, string>): Promise<number> {
  const stateDir = join(home, '.moltbot')
  mkdirSync(stateDir, { mode: 0o700 })
  writeFileSync(join(stateDir, 'secrets.env'), `CANARY_API_KEY=${canary}\n`, { mode: 0o600 })
  const port = await freePort()
  const started = spawn(process.execPath, [join(builtCopy(), 'bin', 'moltbot'), 'gateway', 'run', '--port', String(port)], {
    cwd: home, env: { HOME: home, PATH: process.env['PATH'] ?? '', ...environment }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  child = started
  await new Promise<void>((resolve, reject) => {
    const keep = (data: Buffer): void => {
      said += data.toString('utf8')
      if (said.includes('The gateway is ready')) resolve()
    }
    started.stdout.on('data', keep)
    started.stderr.on('data', keep)
    started.once('exit', (code) => reject(new Error(`it ended with ${code}: ${said}`)))
  })
  return started.pid ?? 0
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => { socket.destroy(); resolve(true) })
    socket.on('error', () => resolve(false))
  })
}

it('SEC-05 a signal opens no debugger', async () => {
  await start({})
  child?.kill('SIGUSR1')
  // It is served after the signal: its handler has run by then.
  child?.kill('SIGTERM')
  await new Promise((resolve) => child?.once('exit', resolve))
  expect(said).not.toContain('Debugger listening')
})

it('SEC-05 neither does the environment: what it opened is shut before the gateway is ready', async () => {
  await start({ NODE_OPTIONS: '--inspect=127.0.0.1:0' })
  const port = Number(/Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(said)?.[1])
  expect(port).toBeGreaterThan(0)
  expect(await answers(port)).toBe(false)
})

// Only Linux shows a process to others as files.
it.runIf(process.platform === 'linux')('SEC-06 no secret stands in arguments or environments of the gateway and what it started', async () => {
  const pid = await start({})
  const family = [pid, ...readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((other) => Number(readIfThere(`/proc/${other}/stat`).split(') ')[1]?.split(' ')[1]) === pid)]
  expect(readIfThere(`/proc/${pid}/cmdline`)).not.toBe('')
  const token = /"token":\s*"([0-9a-f]{64})"/.exec(readFileSync(join(home, '.moltbot', 'moltbot.json'), 'utf8').replaceAll('token:', '"token":'))?.[1] ?? ''
  expect(token).not.toBe('')
  for (const each of family) {
    const text = readIfThere(`/proc/${each}/cmdline`) + readIfThere(`/proc/${each}/environ`)
    for (const secret of [canary, token]) expect(text).not.toContain(secret)
  }
  expect(said).not.toContain(canary)
})
